import { BullModule } from '@nestjs/bullmq';
import { Module } from '@nestjs/common';
import { ConfigService } from '@nestjs/config';

const DAY_SECONDS = 24 * 3_600;
const COMMAND_TIMEOUT_MS = 2_000;

/** @returns the options that producers and workers have in common */
const shared = (config: ConfigService) => ({
  // Unnest's own queues in the same Redis have other keys.
  prefix: `${config.getOrThrow<string>('REDIS_PREFIX')}:nest:queue`,
});

const jobOptions = {
  attempts: 9,
  backoff: { type: 'exponential', delay: 5_000 },
  removeOnComplete: { age: DAY_SECONDS, count: 1_000 },
  removeOnFail: { age: 7 * DAY_SECONDS },
};

/** For whoever adds jobs: a Redis that is away fails the call, and does not hold up the request. */
@Module({
  imports: [
    BullModule.forRootAsync({
      inject: [ConfigService],
      useFactory: (config: ConfigService) => ({
        ...shared(config),
        connection: {
          url: config.getOrThrow<string>('REDIS_URL'),
          enableOfflineQueue: false,
          maxRetriesPerRequest: 1,
          commandTimeout: COMMAND_TIMEOUT_MS,
        },
        defaultJobOptions: jobOptions,
      }),
    }),
  ],
})
export class ProducerQueueModule {}

/** For the worker: it waits for Redis as long as it takes. */
@Module({
  imports: [
    BullModule.forRootAsync({
      inject: [ConfigService],
      useFactory: (config: ConfigService) => ({
        ...shared(config),
        connection: { url: config.getOrThrow<string>('REDIS_URL'), maxRetriesPerRequest: null },
        defaultJobOptions: jobOptions,
      }),
    }),
  ],
})
export class WorkerQueueModule {}
