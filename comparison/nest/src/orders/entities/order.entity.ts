import { Column, CreateDateColumn, Entity, PrimaryColumn, UpdateDateColumn } from 'typeorm';
import type { OrderStatus } from '../orders.status.js';

@Entity('orders')
export class Order {
  @PrimaryColumn('uuid')
  id: string;

  @Column('uuid', { name: 'user_id' })
  userId: string;

  @Column('text')
  status: OrderStatus;

  /** Minor units. The driver reads a bigint as text; the contract's limits keep it a safe integer. */
  @Column('bigint', { name: 'total_amount', transformer: { to: (value: number) => value, from: Number } })
  totalAmount: number;

  @Column('char', { length: 3 })
  currency: string;

  @CreateDateColumn({ type: 'timestamptz', name: 'created_at' })
  createdAt: Date;

  @UpdateDateColumn({ type: 'timestamptz', name: 'updated_at' })
  updatedAt: Date;

  /** Grows with each transition, and numbers the order's events. */
  @Column('integer', { default: 1 })
  version: number;
}
