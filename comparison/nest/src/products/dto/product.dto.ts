import { ApiProperty } from '@nestjs/swagger';
import { mediaUrl } from '../../shared/media-url.js';
import type { Product } from '../entities/product.entity.js';

export class MoneyDto {
  /** Minor units of the currency. */
  @ApiProperty()
  amount: number;

  @ApiProperty()
  currency: string;
}

export class ProductDto {
  @ApiProperty()
  id: string;

  @ApiProperty()
  sku: string;

  @ApiProperty()
  name: string;

  @ApiProperty()
  description: string;

  @ApiProperty()
  price: MoneyDto;

  @ApiProperty()
  stock: number;

  @ApiProperty({ type: String, nullable: true })
  imageUrl: string | null;

  @ApiProperty()
  createdAt: string;

  @ApiProperty()
  updatedAt: string;

  static of(product: Product): ProductDto {
    return {
      id: product.id,
      sku: product.sku,
      name: product.name,
      description: product.description,
      price: { amount: product.priceAmount, currency: product.priceCurrency },
      stock: product.stock,
      imageUrl: mediaUrl(product.imageId ?? null),
      createdAt: product.createdAt.toISOString(),
      updatedAt: product.updatedAt.toISOString(),
    };
  }
}
