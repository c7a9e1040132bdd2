import KeyvRedis, { type RedisClientOptions } from '@keyv/redis';
import { CacheModule } from '@nestjs/cache-manager';
import { Logger, Module } from '@nestjs/common';
import { ConfigService } from '@nestjs/config';
import { Keyv } from 'keyv';

const CONNECT_TIMEOUT_MS = 1_000;
const RECONNECT_MS = 250;

@Module({
  imports: [
    CacheModule.registerAsync({
      isGlobal: true,
      inject: [ConfigService],
      useFactory: (config: ConfigService) => {
        const logger = new Logger('Cache');
        const connection: RedisClientOptions = {
          url: config.getOrThrow<string>('REDIS_URL'),
          // While Redis is away requests go on without it, and do not queue up for it.
          disableOfflineQueue: true,
          socket: { connectTimeout: CONNECT_TIMEOUT_MS, reconnectStrategy: () => RECONNECT_MS },
        };
        const store = new KeyvRedis<unknown>(connection, {
          throwOnConnectError: false,
          connectionTimeout: CONNECT_TIMEOUT_MS,
        });
        const namespace = `${config.getOrThrow('REDIS_PREFIX')}:nest:cache`;
        const keyv = new Keyv({ store, namespace, useKeyPrefix: false });
        keyv.on('error', (error: Error) => logger.debug(`cache bypassed: ${error.message}`));
        return {
          stores: [keyv],
          // Milliseconds since cache-manager 5; the variable is in seconds.
          ttl: config.getOrThrow<number>('CACHE_TTL_SECONDS') * 1_000,
        };
      },
    }),
  ],
})
export class SharedCacheModule {}
