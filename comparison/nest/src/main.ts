import 'reflect-metadata';
import type { Logger } from 'pino';
import { ApiEnvironment, validateAs } from './config/environment.js';
import { PINO } from './shared/logging/logging.constants.js';
import { PinoLoggerService } from './shared/logging/pino-logger.service.js';
import { setUpSwagger } from './swagger.js';

const listOf = (text: string): string[] =>
  text
    .split(',')
    .map((item) => item.trim())
    .filter(Boolean);

/** Loads one adapter and not the other. */
const createApp = async (adapter: string, trustedProxies: readonly string[]) => {
  if (adapter === 'fastify') {
    const { createFastifyApp } = await import('./adapters/fastify.js');
    return createFastifyApp(trustedProxies);
  }
  const { createExpressApp } = await import('./adapters/express.js');
  return createExpressApp(trustedProxies);
};

const bootstrap = async (): Promise<void> => {
  // Before the container, which is built on one adapter or the other.
  const { HTTP_ADAPTER, TRUST_PROXY, HOST, PORT } = validateAs(ApiEnvironment)(process.env);
  const app = await createApp(HTTP_ADAPTER, listOf(TRUST_PROXY));
  const logger = app.get<Logger>(PINO);
  app.useLogger(new PinoLoggerService(logger));
  app.enableShutdownHooks();
  setUpSwagger(app);
  await app.listen(PORT, HOST);
  logger.info({ url: await app.getUrl() }, 'api ready');
  process.send?.('ready');
};

bootstrap().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
});
