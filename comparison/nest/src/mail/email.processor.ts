import { OnWorkerEvent, Processor, WorkerHost } from '@nestjs/bullmq';
import { Inject, type OnApplicationBootstrap } from '@nestjs/common';
import { ConfigService } from '@nestjs/config';
import { type Job, UnrecoverableError } from 'bullmq';
import type { Logger } from 'pino';
import { PINO } from '../shared/logging/logging.constants.js';
import { EMAIL_QUEUE, SEND_ORDER_CONFIRMATION, SEND_WELCOME } from '../shared/queue/email.jobs.js';
import { EmailsService } from './emails.service.js';

@Processor(EMAIL_QUEUE)
export class EmailProcessor extends WorkerHost implements OnApplicationBootstrap {
  constructor(
    private readonly emails: EmailsService,
    private readonly config: ConfigService,
    @Inject(PINO) private readonly logger: Logger,
  ) {
    super();
  }

  onApplicationBootstrap(): void {
    this.worker.concurrency = this.config.getOrThrow('EMAIL_CONCURRENCY');
  }

  async process({ id, name, data }: Job): Promise<void> {
    // Whoever adds a job names it by what makes its mail unique.
    const key = String(id);
    if (name === SEND_WELCOME) await this.emails.sendWelcome(key, data);
    else if (name === SEND_ORDER_CONFIRMATION) await this.emails.sendOrderConfirmation(key, data);
    else throw new UnrecoverableError(`There is no job ${name}`);
  }

  @OnWorkerEvent('completed')
  onCompleted({ id, name }: Job): void {
    this.logger.info({ job: name, id }, 'job done');
  }

  @OnWorkerEvent('failed')
  onFailed(job: Job | undefined, err: Error): void {
    this.logger.warn({ job: job?.name, id: job?.id, attempts: job?.attemptsMade, err }, 'job failed');
  }

  /** Redis is away: the worker goes on asking by itself. */
  @OnWorkerEvent('error')
  onError(err: Error): void {
    this.logger.warn({ err }, 'queue');
  }
}
