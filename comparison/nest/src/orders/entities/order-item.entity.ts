import { Column, Entity, PrimaryColumn } from 'typeorm';

/** What was ordered, with name and price as they were then. */
@Entity('order_items')
export class OrderItem {
  @PrimaryColumn('uuid', { name: 'order_id' })
  orderId: string;

  @PrimaryColumn('smallint')
  position: number;

  @Column('uuid', { name: 'product_id' })
  productId: string;

  @Column('text')
  sku: string;

  @Column('text')
  name: string;

  @Column('integer', { name: 'unit_price_amount' })
  unitPriceAmount: number;

  @Column('integer')
  quantity: number;
}
