import { Injectable } from '@nestjs/common';
import { type EntityManager, In, IsNull } from 'typeorm';
import { Product } from './entities/product.entity.js';
import { InsufficientStockException, ProductNotFoundException } from './products.errors.js';

/** Pieces by product id. */
export type Quantities = ReadonlyMap<string, number>;

/** Stock as orders move it, in their transaction. */
@Injectable()
export class StockService {
  /** Takes stock, all or nothing. @returns the products as they were before, by id */
  async take(manager: EntityManager, quantities: Quantities): Promise<ReadonlyMap<string, Product>> {
    // In the order of their ids, whoever asks: two orders for the same products cannot deadlock.
    const locked = await manager.find(Product, {
      where: { id: In([...quantities.keys()]), deletedAt: IsNull() },
      order: { id: 'ASC' },
      lock: { mode: 'for_no_key_update' },
    });
    const products = new Map(locked.map((product) => [product.id, product]));
    this.refuseUnknown(quantities, products);
    this.refuseShortage(quantities, products);
    await this.add(manager, quantities, -1);
    return products;
  }

  /** Gives stock back, to withdrawn products too. */
  async giveBack(manager: EntityManager, quantities: Quantities): Promise<void> {
    await manager.find(Product, {
      select: { id: true },
      where: { id: In([...quantities.keys()]) },
      order: { id: 'ASC' },
      lock: { mode: 'for_no_key_update' },
    });
    await this.add(manager, quantities, 1);
  }

  /** The repository can only add to one row at a time. */
  private async add(manager: EntityManager, quantities: Quantities, sign: 1 | -1): Promise<void> {
    await manager.query(
      `update products set stock = stock + moved.pieces, version = version + 1, updated_at = now()
       from unnest($1::uuid[], $2::int[]) as moved (id, pieces)
       where products.id = moved.id`,
      [[...quantities.keys()], [...quantities.values()].map((pieces) => sign * pieces)],
    );
  }

  private refuseUnknown(quantities: Quantities, products: ReadonlyMap<string, Product>): void {
    const productIds = [...quantities.keys()].filter((id) => !products.has(id));
    if (productIds.length > 0) throw new ProductNotFoundException({ productIds });
  }

  private refuseShortage(quantities: Quantities, products: ReadonlyMap<string, Product>): void {
    const items = [...products.values()]
      .map(({ id, sku, stock }) => ({
        productId: id,
        sku,
        requested: quantities.get(id) ?? 0,
        available: stock,
      }))
      .filter(({ requested, available }) => requested > available);
    if (items.length > 0) throw new InsufficientStockException(items);
  }
}
