import { ApiProperty } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { IsEmail, IsString, Length, MaxLength } from 'class-validator';
import { lowerCase } from '../../shared/http/dto/transforms.js';
import { EMAIL_RULES } from './email-rules.js';

export class LoginDto {
  @ApiProperty()
  @Transform(lowerCase)
  @IsEmail(EMAIL_RULES)
  @MaxLength(254)
  email: string;

  /** No rule of composition: one that came later must not lock anybody out. */
  @ApiProperty()
  @IsString()
  @Length(1, 256)
  password: string;
}
