import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Transform, Type } from 'class-transformer';
import { IsIn, IsInt, IsObject, Matches, Max, Min, ValidateNested } from 'class-validator';
import { IsLine, IsParagraphs } from '../../shared/http/dto/is-text.decorator.js';
import { trim } from '../../shared/http/dto/transforms.js';

const MAX_AMOUNT = 1_000_000_000;
const CURRENCIES = Intl.supportedValuesOf('currency');

export class PriceDto {
  @ApiProperty({ description: 'Minor units of the currency' })
  @IsInt()
  @Min(0)
  @Max(MAX_AMOUNT)
  amount: number;

  @ApiProperty()
  @IsIn(CURRENCIES, { message: 'must be an ISO 4217 code' })
  currency: string;
}

export class CreateProductDto {
  @ApiProperty()
  @Matches(/^[\w.-]{1,64}$/, { message: 'must be 1 to 64 letters, digits, ., - or _' })
  sku: string;

  @ApiProperty()
  @Transform(trim)
  @IsLine(1, 200)
  name: string;

  @ApiPropertyOptional()
  @IsParagraphs(10_000)
  description: string = '';

  @ApiProperty()
  @IsObject()
  @ValidateNested()
  @Type(() => PriceDto)
  price: PriceDto;

  @ApiProperty()
  @IsInt()
  @Min(0)
  @Max(1_000_000_000)
  stock: number;
}
