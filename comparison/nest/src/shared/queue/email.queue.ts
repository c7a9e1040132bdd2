import { InjectQueue } from '@nestjs/bullmq';
import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import type { Queue } from 'bullmq';
import {
  EMAIL_QUEUE,
  SEND_ORDER_CONFIRMATION,
  SEND_WELCOME,
  type SendOrderConfirmation,
  type SendWelcome,
} from './email.jobs.js';

const ADD_TIMEOUT_MS = 2_000;

/** Adds mails to the queue, once what they tell of is committed. */
@Injectable()
export class EmailQueue implements OnModuleInit {
  private readonly logger = new Logger(EmailQueue.name);

  constructor(@InjectQueue(EMAIL_QUEUE) private readonly queue: Queue) {}

  onModuleInit(): void {
    this.queue.on('error', ({ message }) => this.logger.warn(`the queue cannot be used: ${message}`));
  }

  sendWelcome(job: SendWelcome): Promise<void> {
    return this.add(SEND_WELCOME, `${SEND_WELCOME}-${job.userId}`, job);
  }

  sendOrderConfirmation(job: SendOrderConfirmation): Promise<void> {
    return this.add(SEND_ORDER_CONFIRMATION, `${SEND_ORDER_CONFIRMATION}-${job.orderId}`, job);
  }

  /** The id makes a repeated job one. What it tells of has happened: a Redis that is away must not deny it. */
  private async add(name: string, jobId: string, job: object): Promise<void> {
    try {
      await this.inTime(this.queue.add(name, job, { jobId }));
    } catch (error) {
      this.logger.error(`${jobId} was not queued`, error instanceof Error ? error.stack : undefined);
    }
  }
  /** A connection that was never there has no time-out of its own. */
  private inTime<T>(work: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`not within ${ADD_TIMEOUT_MS} ms`)), ADD_TIMEOUT_MS);
      work.then(resolve, reject).finally(() => clearTimeout(timer));
    });
  }
}
