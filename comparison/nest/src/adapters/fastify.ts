import helmet from '@fastify/helmet';
import { type INestApplication, UnsupportedMediaTypeException } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { AppModule } from '../app.module.js';
import { httpFault } from '../shared/http/errors/http-faults.js';
import { PROBLEM_TYPE, problemBody } from '../shared/http/errors/problem-body.js';
import { requestIdOf } from '../shared/http/request.js';
import { startClock } from '../shared/logging/request-logger.js';
import { KEEP_ALIVE_TIMEOUT_MS, MAX_BODY_BYTES, MAX_PARAMETER_LENGTH, REQUEST_TIMEOUT_MS } from './limits.js';

/** What cannot be routed at all, such as `%zz`, comes here and to no hook and no filter. */
const refuseUnroutable = (error: FastifyError, request: FastifyRequest, reply: FastifyReply): void => {
  const problem = httpFault(error.statusCode ?? 400);
  reply
    .code(problem.getStatus())
    .headers({ 'x-request-id': request.id, 'cache-control': 'no-store', 'content-type': PROBLEM_TYPE })
    .send(JSON.stringify(problemBody(problem, request.url, request.id)));
};

export const createFastifyApp = async (trustedProxies: readonly string[]): Promise<INestApplication> => {
  const adapter = new FastifyAdapter({
    bodyLimit: MAX_BODY_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    routerOptions: { maxParamLength: MAX_PARAMETER_LENGTH },
    trustProxy: [...trustedProxies],
    requestIdHeader: false,
    genReqId: requestIdOf,
    frameworkErrors: refuseUnroutable,
  });
  const options = { bodyParser: false, bufferLogs: true };
  const app = await NestFactory.create<NestFastifyApplication>(AppModule, adapter, options);
  const fastify = adapter.getInstance();
  fastify.addHook('onRequest', (request, reply, done) => {
    startClock(request);
    reply.header('x-request-id', request.id);
    reply.header('cache-control', 'no-store');
    const encoding = request.headers['content-encoding'] ?? 'identity';
    done(encoding === 'identity' ? undefined : new UnsupportedMediaTypeException());
  });
  await app.register(helmet);
  fastify.removeContentTypeParser('text/plain');
  const parse = fastify.getDefaultJsonParser('error', 'error');
  fastify.addContentTypeParser<string>('application/json', { parseAs: 'string' }, (request, body, done) => {
    // Many clients name the type of a body that they do not send.
    if (body === '') done(null);
    else parse(request, body, done);
  });
  return app;
};
