import { Column, CreateDateColumn, Entity, PrimaryColumn, UpdateDateColumn } from 'typeorm';

@Entity('products')
export class Product {
  @PrimaryColumn('uuid')
  id: string;

  @Column('text')
  sku: string;

  @Column('text')
  name: string;

  @Column('text')
  description: string;

  /** Minor units of the currency. */
  @Column('integer', { name: 'price_amount' })
  priceAmount: number;

  @Column('char', { name: 'price_currency', length: 3 })
  priceCurrency: string;

  @Column('integer')
  stock: number;

  @Column('uuid', { name: 'image_id', nullable: true })
  imageId: string | null;

  @CreateDateColumn({ type: 'timestamptz', name: 'created_at' })
  createdAt: Date;

  @UpdateDateColumn({ type: 'timestamptz', name: 'updated_at' })
  updatedAt: Date;

  @Column('timestamptz', { name: 'deleted_at', nullable: true })
  deletedAt: Date | null;
}
