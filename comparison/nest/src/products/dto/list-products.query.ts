import { ApiPropertyOptional } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { IsIn, IsInt, IsOptional, Max, Min, ValidateBy } from 'class-validator';
import { IsLine } from '../../shared/http/dto/is-text.decorator.js';
import { PageQuery } from '../../shared/http/dto/page.query.js';
import { trim, wholeNumber } from '../../shared/http/dto/transforms.js';
import { PRODUCT_SORTS, type ProductSort } from '../products.sorts.js';

const MAX_AMOUNT = 1_000_000_000;
/** Each dash may be a "not", and Postgres gives up on more than 32 of them inside each other. */
const MAX_DASHES = 20;

const HasFewDashes = () =>
  ValidateBy({
    name: 'hasFewDashes',
    validator: {
      validate: (value) => typeof value === 'string' && value.split('-').length - 1 <= MAX_DASHES,
      defaultMessage: () => `must have at most ${MAX_DASHES} dashes`,
    },
  });

const IsNotBelowMinPrice = () =>
  ValidateBy({
    name: 'isNotBelowMinPrice',
    validator: {
      validate: (value, occasion) => {
        const minPrice: unknown = Reflect.get(occasion?.object ?? {}, 'minPrice');
        return typeof minPrice !== 'number' || minPrice <= value;
      },
      defaultMessage: () => 'must not be below minPrice',
    },
  });

export class ListProductsQuery extends PageQuery {
  /** Words, "a phrase", or, -not. */
  @ApiPropertyOptional()
  @IsOptional()
  @Transform(trim)
  @IsLine(1, 100)
  @HasFewDashes()
  q?: string;

  @ApiPropertyOptional()
  @IsOptional()
  @Transform(wholeNumber)
  @IsInt()
  @Min(0)
  @Max(MAX_AMOUNT)
  minPrice?: number;

  @ApiPropertyOptional()
  @IsOptional()
  @Transform(wholeNumber)
  @IsInt()
  @Min(0)
  @Max(MAX_AMOUNT)
  @IsNotBelowMinPrice()
  maxPrice?: number;

  @ApiPropertyOptional({ enum: PRODUCT_SORTS })
  @IsIn(PRODUCT_SORTS)
  sort: ProductSort = '-createdAt';
}
