import { ApiProperty } from '@nestjs/swagger';
import { MoneyDto } from '../../products/dto/product.dto.js';
import type { Order } from '../entities/order.entity.js';
import type { OrderItem } from '../entities/order-item.entity.js';
import { ORDER_STATUSES, type OrderStatus } from '../orders.status.js';

export class OrderItemDto {
  @ApiProperty()
  productId: string;

  @ApiProperty()
  sku: string;

  @ApiProperty()
  name: string;

  @ApiProperty()
  unitPrice: MoneyDto;

  @ApiProperty()
  quantity: number;
}

export class OrderDto {
  @ApiProperty()
  id: string;

  @ApiProperty()
  userId: string;

  @ApiProperty({ enum: ORDER_STATUSES })
  status: OrderStatus;

  @ApiProperty({ type: [OrderItemDto] })
  items: OrderItemDto[];

  @ApiProperty()
  total: MoneyDto;

  @ApiProperty()
  createdAt: string;

  @ApiProperty()
  updatedAt: string;

  static of(order: Order, items: readonly OrderItem[]): OrderDto {
    const { currency } = order;
    return {
      id: order.id,
      userId: order.userId,
      status: order.status,
      items: items.map(({ productId, sku, name, unitPriceAmount, quantity }) => ({
        productId,
        sku,
        name,
        unitPrice: { amount: unitPriceAmount, currency },
        quantity,
      })),
      total: { amount: order.totalAmount, currency },
      createdAt: order.createdAt.toISOString(),
      updatedAt: order.updatedAt.toISOString(),
    };
  }
}
