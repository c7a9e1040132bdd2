import { Injectable, Logger } from '@nestjs/common';
import { Cron, CronExpression } from '@nestjs/schedule';
import { InjectRepository } from '@nestjs/typeorm';
import type { Repository } from 'typeorm';
import { LockService } from '../shared/lock/lock.service.js';
import { Session } from './entities/session.entity.js';

/** Rows of one statement: it must stay well within its time limit. */
const BATCH = 5_000;

@Injectable()
export class SessionsPruner {
  private readonly logger = new Logger(SessionsPruner.name);

  constructor(
    @InjectRepository(Session) private readonly sessions: Repository<Session>,
    private readonly lock: LockService,
  ) {}

  /** Each worker's timer rings; the lock lets one of them through. */
  @Cron(CronExpression.EVERY_10_MINUTES)
  async prune(): Promise<void> {
    await this.lock.runExclusive('sessions.prune', async (signal) => {
      while (!signal.aborted && (await this.deleteBatch()) === BATCH);
    });
  }

  /** The same rule as Unnest's: a week after they have expired. */
  private async deleteBatch(): Promise<number> {
    const { affected } = await this.sessions
      .createQueryBuilder()
      .delete()
      .where(
        `id in (select id from sessions where expires_at < now() - interval '7 days' limit ${BATCH})`,
      )
      .execute();
    if (affected) this.logger.log(`${affected} sessions deleted`);
    return affected ?? 0;
  }
}
