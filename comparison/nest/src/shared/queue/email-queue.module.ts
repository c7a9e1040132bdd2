import { BullModule } from '@nestjs/bullmq';
import { Module } from '@nestjs/common';
import { EMAIL_QUEUE } from './email.jobs.js';
import { EmailQueue } from './email.queue.js';

@Module({
  imports: [BullModule.registerQueue({ name: EMAIL_QUEUE })],
  providers: [EmailQueue],
  exports: [EmailQueue],
})
export class EmailQueueModule {}
