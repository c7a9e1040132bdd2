import { Inject, Injectable } from '@nestjs/common';
import type { Logger } from 'pino';
import type { AppRequest } from '../http/request.js';
import { PINO } from './logging.constants.js';

const startedAt = new WeakMap<object, number>();

/** Notes when a request came in; called before anything else looks at it. */
export const startClock = (request: object): void => {
  startedAt.set(request, performance.now());
};

/** Writes one line a request: method, URL, milliseconds. */
@Injectable()
export class RequestLogger {
  constructor(@Inject(PINO) private readonly logger: Logger) {}

  log(request: AppRequest, status: number, failure?: unknown): void {
    const start = startedAt.get(request);
    const facts = {
      requestId: request.id,
      method: request.method,
      url: request.originalUrl,
      status,
      ms: start === undefined ? undefined : Math.round((performance.now() - start) * 10) / 10,
      userId: request.user?.userId,
    };
    if (failure === undefined) this.logger.info(facts, 'request');
    else if (status === 503) this.logger.warn({ ...facts, err: failure }, 'request refused');
    else this.logger.error({ ...facts, err: failure }, 'request failed');
  }
}
