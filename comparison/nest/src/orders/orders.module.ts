import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { ProductsModule } from '../products/products.module.js';
import { EmailQueueModule } from '../shared/queue/email-queue.module.js';
import { Order } from './entities/order.entity.js';
import { OrderEvent } from './entities/order-event.entity.js';
import { OrderItem } from './entities/order-item.entity.js';
import { OrdersController } from './orders.controller.js';
import { OrdersService } from './orders.service.js';
import { OrdersWriter } from './orders.writer.js';

@Module({
  imports: [TypeOrmModule.forFeature([Order, OrderItem, OrderEvent]), ProductsModule, EmailQueueModule],
  controllers: [OrdersController],
  providers: [OrdersService, OrdersWriter],
})
export class OrdersModule {}
