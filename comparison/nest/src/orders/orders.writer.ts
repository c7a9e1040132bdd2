import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import type { Product } from '../products/entities/product.entity.js';
import type { Quantities } from '../products/stock.service.js';
import { violatedConstraint } from '../shared/database/failures.js';
import { UnauthenticatedException } from '../shared/http/errors/problem.exception.js';
import { OrderDto } from './dto/order.dto.js';
import { Order } from './entities/order.entity.js';
import { OrderEvent } from './entities/order-event.entity.js';
import { OrderItem } from './entities/order-item.entity.js';
import { MixedCurrenciesException } from './orders.errors.js';
import type { OrderStatus } from './orders.status.js';

/** Writes orders together with their history, in the caller's transaction. */
@Injectable()
export class OrdersWriter {
  async insert(
    manager: EntityManager,
    userId: string,
    quantities: Quantities,
    products: ReadonlyMap<string, Product>,
  ): Promise<OrderDto> {
    const id = uuidv7();
    const items = this.itemsOf(manager, id, quantities, products);
    const order = manager.create(Order, {
      id,
      userId,
      status: 'placed',
      totalAmount: items.reduce((sum, { unitPriceAmount, quantity }) => sum + unitPriceAmount * quantity, 0),
      currency: this.currencyOf(products),
    });
    try {
      await manager.insert(Order, order);
    } catch (error) {
      // A token may outlive its user, for instance in a database that was restored.
      throw violatedConstraint(error) === 'orders_user_id_fkey' ? new UnauthenticatedException() : error;
    }
    await manager.insert(OrderItem, items);
    await this.record(manager, {
      orderId: id,
      version: 1,
      actorId: userId,
      fromStatus: null,
      toStatus: 'placed',
    });
    return OrderDto.of(order, items);
  }

  /** Moves an order that the caller has locked into that state, a version further. */
  async move(manager: EntityManager, order: Order, toStatus: OrderStatus, actorId: string): Promise<void> {
    const version = order.version + 1;
    await manager.update(Order, order.id, {
      status: toStatus,
      version,
      updatedAt: () => 'clock_timestamp()',
    });
    await this.record(manager, { orderId: order.id, version, actorId, fromStatus: order.status, toStatus });
  }

  private async record(manager: EntityManager, event: Omit<OrderEvent, 'createdAt'>): Promise<void> {
    // Not the transaction's begin: one that waited for another would tell of a time before it.
    await manager.insert(OrderEvent, { ...event, createdAt: () => 'clock_timestamp()' });
  }

  private itemsOf(
    manager: EntityManager,
    orderId: string,
    quantities: Quantities,
    products: ReadonlyMap<string, Product>,
  ): OrderItem[] {
    return [...quantities].flatMap(([productId, quantity], position) => {
      const product = products.get(productId);
      if (!product) return [];
      const { sku, name, priceAmount: unitPriceAmount } = product;
      return manager.create(OrderItem, {
        orderId,
        position,
        productId,
        sku,
        name,
        unitPriceAmount,
        quantity,
      });
    });
  }

  private currencyOf(products: ReadonlyMap<string, Product>): string {
    const [currency, ...others] = new Set([...products.values()].map(({ priceCurrency }) => priceCurrency));
    if (currency === undefined || others.length > 0) throw new MixedCurrenciesException();
    return currency;
  }
}
