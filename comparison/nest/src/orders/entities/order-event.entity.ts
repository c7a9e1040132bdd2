import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { OrderStatus } from '../orders.status.js';

/** A step in an order's history. */
@Entity('order_events')
export class OrderEvent {
  @PrimaryColumn('uuid', { name: 'order_id' })
  orderId: string;

  @PrimaryColumn('integer')
  version: number;

  @Column('uuid', { name: 'actor_id', nullable: true })
  actorId: string | null;

  /** Null: the order was placed. */
  @Column('text', { name: 'from_status', nullable: true })
  fromStatus: OrderStatus | null;

  @Column('text', { name: 'to_status' })
  toStatus: OrderStatus;

  @Column('timestamptz', { name: 'created_at' })
  createdAt: Date;
}
