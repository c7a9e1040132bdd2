import { ApiProperty } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { IsEmail, MaxLength } from 'class-validator';
import { IsLine } from '../../shared/http/dto/is-text.decorator.js';
import { lowerCase, trim } from '../../shared/http/dto/transforms.js';
import { EMAIL_RULES } from './email-rules.js';
import { IsNewPassword } from './is-new-password.decorator.js';

export class RegisterDto {
  @ApiProperty()
  @Transform(lowerCase)
  @IsEmail(EMAIL_RULES)
  @MaxLength(254)
  email: string;

  @ApiProperty({ minLength: 12, maxLength: 128 })
  @IsNewPassword()
  password: string;

  @ApiProperty()
  @Transform(trim)
  @IsLine(1, 100)
  name: string;
}
