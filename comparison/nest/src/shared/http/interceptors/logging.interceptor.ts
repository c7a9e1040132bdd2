import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import { type Observable, tap } from 'rxjs';
import { RequestLogger } from '../../logging/request-logger.js';
import type { AppRequest, AppResponse } from '../request.js';

/** One line for each request that was answered with a success; the exception filter writes those of the others. */
@Injectable()
export class LoggingInterceptor implements NestInterceptor {
  constructor(private readonly requestLogger: RequestLogger) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const request = context.switchToHttp().getRequest<AppRequest>();
    const response = context.switchToHttp().getResponse<AppResponse>();
    return next.handle().pipe(tap({ complete: () => this.requestLogger.log(request, response.statusCode) }));
  }
}
