import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { isUUID } from 'class-validator';
import { DataSource, type EntityManager, In, type Repository } from 'typeorm';
import type { Principal } from '../auth/principal.js';
import { ProductsService } from '../products/products.service.js';
import { StockService } from '../products/stock.service.js';
import { ForbiddenException } from '../shared/http/errors/problem.exception.js';
import { decodeCursor, type Page, toPage } from '../shared/http/page.js';
import { EmailQueue } from '../shared/queue/email.queue.js';
import type { ListOrdersQuery } from './dto/list-orders.query.js';
import { OrderDto } from './dto/order.dto.js';
import { mergeLines, type PlaceOrderDto } from './dto/place-order.dto.js';
import { Order } from './entities/order.entity.js';
import { OrderItem } from './entities/order-item.entity.js';
import { InvalidTransitionException, OrderNotFoundException } from './orders.errors.js';
import { CANCELLABLE } from './orders.status.js';
import { OrdersWriter } from './orders.writer.js';

const isId = (values: readonly unknown[]): values is readonly [string] =>
  values.length === 1 && isUUID(values[0]);

/** Whose orders the caller may see and cancel: his own, or everybody's for an admin. */
const ownerFilter = ({ role, userId }: Principal): { userId?: string } =>
  role === 'admin' ? {} : { userId };

@Injectable()
export class OrdersService {
  constructor(
    @InjectRepository(Order) private readonly orders: Repository<Order>,
    @InjectRepository(OrderItem) private readonly items: Repository<OrderItem>,
    private readonly dataSource: DataSource,
    private readonly writer: OrdersWriter,
    private readonly stock: StockService,
    private readonly products: ProductsService,
    private readonly emails: EmailQueue,
  ) {}

  async place({ userId }: Principal, { items }: PlaceOrderDto): Promise<OrderDto> {
    const quantities = mergeLines(items);
    const order = await this.dataSource.transaction(async (manager) => {
      const products = await this.stock.take(manager, quantities);
      return this.writer.insert(manager, userId, quantities, products);
    });
    await this.products.forget([...quantities.keys()]);
    await this.emails.sendOrderConfirmation({ orderId: order.id, userId });
    return order;
  }

  async get(caller: Principal, id: string): Promise<OrderDto> {
    const order = await this.orders.findOneBy({ id, ...ownerFilter(caller) });
    if (!order) throw new OrderNotFoundException();
    return OrderDto.of(order, await this.items.find({ where: { orderId: id }, order: { position: 'ASC' } }));
  }

  async list(caller: Principal, query: ListOrdersQuery): Promise<Page<OrderDto>> {
    const { limit, cursor, createdAfter, createdBefore, userId } = query;
    const status = query.status && [...new Set(query.status)].sort();
    const filters = {
      list: 'orders',
      caller: caller.userId,
      status: status?.join() ?? null,
      createdAfter: createdAfter?.toISOString() ?? null,
      createdBefore: createdBefore?.toISOString() ?? null,
      userId: userId ?? null,
    };
    const [after] = decodeCursor(filters, cursor, isId) ?? [];
    const owner = ownerFilter(caller).userId ?? userId;
    if (userId !== undefined && userId !== owner) throw new ForbiddenException();
    const orders = await this.find({ ...query, status, userId: owner }, after, limit + 1);
    const itemsOf = await this.itemsOf(orders.slice(0, limit));
    return toPage(
      filters,
      limit,
      orders,
      (order) => OrderDto.of(order, itemsOf.get(order.id) ?? []),
      ({ id }) => [id],
    );
  }

  async cancel(caller: Principal, id: string): Promise<OrderDto> {
    const quantities = await this.dataSource.transaction(async (manager) => {
      const order = await this.lock(manager, caller, id);
      if (!CANCELLABLE.includes(order.status))
        throw new InvalidTransitionException(order.status, 'cancelled');
      const returned = mergeLines(await manager.findBy(OrderItem, { orderId: id }));
      await this.writer.move(manager, order, 'cancelled', caller.userId);
      await this.stock.giveBack(manager, returned);
      return returned;
    });
    await this.products.forget([...quantities.keys()]);
    return this.get(caller, id);
  }

  /** Of two that move an order at once, the second sees what the first made of it. */
  private async lock(manager: EntityManager, caller: Principal, id: string): Promise<Order> {
    const order = await manager.findOne(Order, {
      where: { id, ...ownerFilter(caller) },
      lock: { mode: 'for_no_key_update' },
    });
    if (!order) throw new OrderNotFoundException();
    return order;
  }

  /** Newest first. To the millisecond, which is all that an order tells of its time; neither limit is included. */
  private find(
    { userId, status, createdAfter, createdBefore }: Partial<ListOrdersQuery>,
    after: string | undefined,
    limit: number,
  ): Promise<Order[]> {
    const builder = this.orders.createQueryBuilder('order').orderBy('order.id', 'DESC').limit(limit);
    if (userId !== undefined) builder.andWhere('order.user_id = :userId', { userId });
    if (status !== undefined) builder.andWhere('order.status in (:...status)', { status });
    if (createdAfter) {
      builder.andWhere('order.created_at >= :from', { from: new Date(createdAfter.getTime() + 1) });
    }
    if (createdBefore) builder.andWhere('order.created_at < :to', { to: createdBefore });
    if (after !== undefined) builder.andWhere('order.id < :after', { after });
    return builder.getMany();
  }

  /** The items of all orders in one query. */
  private async itemsOf(orders: readonly Order[]): Promise<ReadonlyMap<string, OrderItem[]>> {
    if (orders.length === 0) return new Map();
    const items = await this.items.find({
      where: { orderId: In(orders.map(({ id }) => id)) },
      order: { orderId: 'ASC', position: 'ASC' },
    });
    const groups = new Map<string, OrderItem[]>();
    for (const item of items) {
      const group = groups.get(item.orderId);
      if (group) group.push(item);
      else groups.set(item.orderId, [item]);
    }
    return groups;
  }
}
