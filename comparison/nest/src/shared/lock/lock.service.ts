import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { ConfigService } from '@nestjs/config';
import { Redis } from 'ioredis';
import Redlock, { ExecutionError, ResourceLockedError } from 'redlock';

const LOCK_MS = 10_000;
/** Well below the lock's time to live, so that a silent Redis is noticed while it still holds. */
const COMMAND_TIMEOUT_MS = 1_000;
/** Without a pause a failed extension is tried again at once, until the lock has expired. */
const EXTENSION_RETRY = { retryCount: 1, retryDelay: 200, retryJitter: 50 };

/** Lets one process at a time do a thing, by Redlock. */
@Injectable()
export class LockService implements OnApplicationShutdown {
  private readonly logger = new Logger(LockService.name);
  private readonly prefix: string;
  private readonly redis: Redis;
  private readonly redlock: Redlock;

  constructor(config: ConfigService) {
    this.prefix = `${config.getOrThrow<string>('REDIS_PREFIX')}:nest:lock`;
    this.redis = new Redis(config.getOrThrow<string>('REDIS_URL'), {
      commandTimeout: COMMAND_TIMEOUT_MS,
      enableOfflineQueue: false,
      maxRetriesPerRequest: 1,
    });
    this.redis.on('error', ({ message }: Error) => this.logger.debug(message));
    this.redlock = new Redlock([this.redis], {
      ...EXTENSION_RETRY,
      automaticExtensionThreshold: LOCK_MS / 2,
    });
    this.redlock.on('error', (error) => {
      if (!(error instanceof ResourceLockedError)) this.logger.warn(error.message);
    });
  }

  /**
   * Runs the work unless another process does, or Redis cannot say.
   * @param work gets a signal that is aborted when the lock could not be extended
   */
  async runExclusive(name: string, work: (signal: AbortSignal) => Promise<void>): Promise<void> {
    try {
      await this.redlock.using([`${this.prefix}:${name}`], LOCK_MS, { retryCount: 0 }, work);
    } catch (error) {
      if (!(error instanceof ExecutionError)) throw error;
    }
  }

  onApplicationShutdown(): void {
    this.redis.disconnect();
  }
}
