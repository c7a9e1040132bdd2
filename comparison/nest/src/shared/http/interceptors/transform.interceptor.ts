import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import { map, type Observable } from 'rxjs';

/** A page of a list is its own envelope. */
const isPage = (body: unknown): boolean =>
  typeof body === 'object' && body !== null && 'data' in body && 'meta' in body;

/** Puts each success into `{data: ...}`. */
@Injectable()
export class TransformInterceptor implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next.handle().pipe(map((body: unknown) => (isPage(body) ? body : { data: body })));
  }
}
