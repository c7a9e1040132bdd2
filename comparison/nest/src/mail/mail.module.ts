import { BullModule } from '@nestjs/bullmq';
import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { Order } from '../orders/entities/order.entity.js';
import { OrderItem } from '../orders/entities/order-item.entity.js';
import { EMAIL_QUEUE } from '../shared/queue/email.jobs.js';
import { User } from '../users/entities/user.entity.js';
import { EmailProcessor } from './email.processor.js';
import { EmailsService } from './emails.service.js';
import { OneTimeToken } from './entities/one-time-token.entity.js';
import { MailerService } from './mailer.service.js';

@Module({
  imports: [
    BullModule.registerQueue({ name: EMAIL_QUEUE }),
    TypeOrmModule.forFeature([User, Order, OrderItem, OneTimeToken]),
  ],
  providers: [EmailProcessor, EmailsService, MailerService],
})
export class MailModule {}
