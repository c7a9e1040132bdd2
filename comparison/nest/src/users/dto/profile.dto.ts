import { ApiProperty } from '@nestjs/swagger';
/** What any signed-in caller may see of somebody. */
export class ProfileDto {
  @ApiProperty()
  id: string;

  @ApiProperty()
  name: string;

  @ApiProperty({ type: String, nullable: true })
  avatarUrl: string | null;

  @ApiProperty()
  createdAt: string;
}
