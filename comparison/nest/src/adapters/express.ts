import { type INestApplication, UnsupportedMediaTypeException } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter, type NestExpressApplication } from '@nestjs/platform-express';
import express, { type NextFunction, type Request, type Response } from 'express';
import helmet from 'helmet';
import { AppModule } from '../app.module.js';
import { requestIdOf } from '../shared/http/request.js';
import { startClock } from '../shared/logging/request-logger.js';
import { KEEP_ALIVE_TIMEOUT_MS, MAX_BODY_BYTES, REQUEST_TIMEOUT_MS } from './limits.js';

const beginRequest = (request: Request, response: Response, next: NextFunction): void => {
  startClock(request);
  const id = requestIdOf(request);
  Object.assign(request, { id });
  response.setHeader('x-request-id', id);
  response.setHeader('cache-control', 'no-store');
  next();
};

/** The parser passes over what it does not know. */
const requireJson = (request: Request, _response: Response, next: NextFunction): void => {
  const hasBody =
    Number(request.headers['content-length'] ?? 0) > 0 || 'transfer-encoding' in request.headers;
  next(hasBody && !request.is('application/json') ? new UnsupportedMediaTypeException() : undefined);
};

export const createExpressApp = async (trustedProxies: readonly string[]): Promise<INestApplication> => {
  const server = express();
  // Before the first middleware, with which the router is made.
  server.set('strict routing', true);
  server.set('case sensitive routing', true);
  const options = { bodyParser: false, bufferLogs: true };
  const app = await NestFactory.create<NestExpressApplication>(
    AppModule,
    new ExpressAdapter(server),
    options,
  );
  // Answers are not to be stored, so a hash of each would be for nobody.
  app.set('etag', false);
  app.set('trust proxy', [...trustedProxies]);
  app.use(beginRequest, helmet(), requireJson);
  app.useBodyParser('json', { limit: MAX_BODY_BYTES, inflate: false });
  const http = app.getHttpServer();
  http.keepAliveTimeout = KEEP_ALIVE_TIMEOUT_MS;
  http.requestTimeout = REQUEST_TIMEOUT_MS;
  return app;
};
