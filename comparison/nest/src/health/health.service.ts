import { setTimeout as wait } from 'node:timers/promises';
import { type BeforeApplicationShutdown, Injectable } from '@nestjs/common';
import { ConfigService } from '@nestjs/config';
import { DataSource } from 'typeorm';
import { UnavailableException } from '../shared/http/errors/problem.exception.js';

const DATABASE_TIMEOUT_MS = 1_000;

@Injectable()
export class HealthService implements BeforeApplicationShutdown {
  private isDraining = false;

  constructor(
    private readonly dataSource: DataSource,
    private readonly config: ConfigService,
  ) {}

  /** @throws UnavailableException when this pod wants no traffic */
  async requireReady(): Promise<void> {
    if (this.isDraining) throw new UnavailableException('This pod is shutting down.');
    const limit = AbortSignal.timeout(DATABASE_TIMEOUT_MS);
    const late = new Promise((_resolve, reject) => {
      limit.addEventListener('abort', () => reject(limit.reason), { once: true });
    });
    try {
      await Promise.race([this.dataSource.query('select 1'), late]);
    } catch {
      throw new UnavailableException('This pod cannot reach its database.');
    }
  }

  /** Says "not ready" for a while before the server stops accepting. */
  async beforeApplicationShutdown(): Promise<void> {
    this.isDraining = true;
    await wait(this.config.getOrThrow<number>('READINESS_DRAIN_MS'));
  }
}
