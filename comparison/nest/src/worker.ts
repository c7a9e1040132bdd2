import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import type { Logger } from 'pino';
import { validateAs, WorkerEnvironment } from './config/environment.js';
import { PINO } from './shared/logging/logging.constants.js';
import { PinoLoggerService } from './shared/logging/pino-logger.service.js';

const bootstrap = async (): Promise<void> => {
  // Told without a stack; the module looks at the environment when it is loaded.
  validateAs(WorkerEnvironment)(process.env);
  const { WorkerModule } = await import('./worker.module.js');
  const app = await NestFactory.createApplicationContext(WorkerModule, { bufferLogs: true });
  const logger = app.get<Logger>(PINO);
  app.useLogger(new PinoLoggerService(logger));
  app.enableShutdownHooks();
  logger.info('worker ready');
  process.send?.('ready');
};

bootstrap().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
});
