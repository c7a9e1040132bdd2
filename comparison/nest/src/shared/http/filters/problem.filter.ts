import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { isTransientFailure } from '../../database/failures.js';
import { RequestLogger } from '../../logging/request-logger.js';
import { AllowedMethods } from '../allowed-methods.js';
import { httpFault } from '../errors/http-faults.js';
import { PROBLEM_TYPE, problemBody } from '../errors/problem-body.js';
import {
  ProblemException,
  UnavailableException,
  ValidationFailedException,
} from '../errors/problem.exception.js';
import type { AppRequest, AppResponse } from '../request.js';

const UNREADABLE_BODIES = new Set([
  'entity.parse.failed',
  'request.size.invalid',
  'FST_ERR_CTP_INVALID_JSON_BODY',
  'FST_ERR_CTP_EMPTY_JSON_BODY',
  'FST_ERR_CTP_INVALID_CONTENT_LENGTH',
]);

const member = (thrown: unknown, name: string): unknown =>
  typeof thrown === 'object' && thrown !== null ? Reflect.get(thrown, name) : undefined;

/** The body parsers' errors carry a code or a type, and Nest may have wrapped them. */
const isUnreadableBody = (thrown: unknown): boolean =>
  [thrown, member(thrown, 'cause')].some(
    (error) =>
      error instanceof SyntaxError ||
      UNREADABLE_BODIES.has(String(member(error, 'code') ?? member(error, 'type'))),
  );

/** Answers every error with problem+json (RFC 9457), and writes its line into the log. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(
    private readonly adapterHost: HttpAdapterHost,
    private readonly allowedMethods: AllowedMethods,
    private readonly requestLogger: RequestLogger,
  ) {}

  catch(thrown: unknown, host: ArgumentsHost): void {
    const request = host.switchToHttp().getRequest<AppRequest>();
    const response = host.switchToHttp().getResponse<AppResponse>();
    const problem = this.toProblem(thrown, request);
    const status = problem.getStatus();
    for (const [name, value] of Object.entries(problem.headers)) response.header(name, value);
    response.header('content-type', PROBLEM_TYPE);
    response.header('cache-control', 'no-store');
    const body = problemBody(problem, request.originalUrl, request.id);
    this.adapterHost.httpAdapter.reply(response, JSON.stringify(body), status);
    this.requestLogger.log(request, status, status >= 500 ? thrown : undefined);
  }

  private toProblem(thrown: unknown, request: AppRequest): ProblemException {
    if (thrown instanceof ProblemException) return thrown;
    if (isUnreadableBody(thrown)) {
      return new ValidationFailedException([{ path: '', message: 'the body is not valid JSON' }]);
    }
    const status = thrown instanceof HttpException ? thrown.getStatus() : member(thrown, 'statusCode');
    if (status === 404) {
      const allow = this.allowedMethods.of(request.originalUrl);
      return allow ? httpFault(405, { allow }) : httpFault(404);
    }
    if (typeof status === 'number' && status >= 400 && status < 500) return httpFault(status);
    if (isTransientFailure(thrown)) return new UnavailableException();
    return httpFault(500);
  }
}
