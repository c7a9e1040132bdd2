import { ApiProperty } from '@nestjs/swagger';
export class TokensDto {
  @ApiProperty()
  accessToken: string;

  @ApiProperty({ enum: ['Bearer'] })
  tokenType: 'Bearer';

  /** Seconds. */
  @ApiProperty()
  expiresIn: number;

  @ApiProperty()
  refreshToken: string;

  /** Seconds. */
  @ApiProperty()
  refreshExpiresIn: number;
}
