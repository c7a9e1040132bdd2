import { ApiProperty } from '@nestjs/swagger';
import { Transform, Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayMinSize,
  IsArray,
  IsInt,
  IsObject,
  IsUUID,
  Max,
  Min,
  ValidateBy,
  ValidateNested,
} from 'class-validator';
import { lowerCase } from '../../shared/http/dto/transforms.js';

const MAX_ITEMS = 100;
const MAX_QUANTITY = 1_000;

export class OrderLineDto {
  @ApiProperty()
  @Transform(lowerCase)
  @IsUUID()
  productId: string;

  @ApiProperty()
  @IsInt()
  @Min(1)
  @Max(MAX_QUANTITY)
  quantity: number;
}

/** Pieces of each product; the same product twice is one with both quantities. */
export const mergeLines = (lines: readonly OrderLineDto[]): ReadonlyMap<string, number> => {
  const quantities = new Map<string, number>();
  for (const { productId, quantity } of lines) {
    quantities.set(productId, (quantities.get(productId) ?? 0) + quantity);
  }
  return quantities;
};

const HasFewPieces = () =>
  ValidateBy({
    name: 'hasFewPieces',
    validator: {
      validate: (lines) =>
        Array.isArray(lines) &&
        [...mergeLines(lines.filter(Boolean)).values()].every((pieces) => !(pieces > MAX_QUANTITY)),
      defaultMessage: () => `must have at most ${MAX_QUANTITY} pieces of one product`,
    },
  });

export class PlaceOrderDto {
  @ApiProperty({ type: [OrderLineDto] })
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(MAX_ITEMS)
  @IsObject({ each: true })
  @ValidateNested({ each: true })
  @HasFewPieces()
  @Type(() => OrderLineDto)
  items: OrderLineDto[];
}
