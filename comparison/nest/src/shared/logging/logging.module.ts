import { type DynamicModule, Global, Module } from '@nestjs/common';
import { ConfigService } from '@nestjs/config';
import { PINO } from './logging.constants.js';
import { createPino } from './pino.js';
import { RequestLogger } from './request-logger.js';

@Global()
@Module({})
export class LoggingModule {
  /** @param process which process writes: `api` or `worker` */
  static forProcess(process: string): DynamicModule {
    return {
      module: LoggingModule,
      providers: [
        {
          provide: PINO,
          inject: [ConfigService],
          useFactory: (config: ConfigService) => createPino(config.getOrThrow('LOG_LEVEL'), process),
        },
        RequestLogger,
      ],
      exports: [PINO, RequestLogger],
    };
  }
}
