import { Module } from '@nestjs/common';
import { ConfigService } from '@nestjs/config';
import { TypeOrmModule } from '@nestjs/typeorm';

const CONNECT_TIMEOUT_MS = 3_000;
const IDLE_TIMEOUT_MS = 300_000;

@Module({
  imports: [
    TypeOrmModule.forRootAsync({
      inject: [ConfigService],
      useFactory: (config: ConfigService) => ({
        type: 'postgres' as const,
        url: config.getOrThrow<string>('DATABASE_URL'),
        poolSize: config.getOrThrow<number>('DATABASE_POOL_MAX'),
        connectTimeoutMS: CONNECT_TIMEOUT_MS,
        applicationName: 'unnest-nest',
        autoLoadEntities: true,
        // The schema is the migrations' business, which both services share.
        synchronize: false,
        migrationsRun: false,
        logging: false as const,
        extra: {
          idleTimeoutMillis: IDLE_TIMEOUT_MS,
          // The server ends what takes longer, so that one bad query cannot hold a pool's connection.
          statement_timeout: 5_000,
          // For a server that does not even answer that.
          query_timeout: 6_000,
          lock_timeout: 3_000,
          idle_in_transaction_session_timeout: 10_000,
        },
      }),
    }),
  ],
})
export class DatabaseModule {}
