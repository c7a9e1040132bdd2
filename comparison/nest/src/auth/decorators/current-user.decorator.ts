import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { UnauthenticatedException } from '../../shared/http/errors/problem.exception.js';
import type { AppRequest } from '../../shared/http/request.js';
import type { Principal } from '../principal.js';

/** The caller. */
export const CurrentUser = createParamDecorator((_data: unknown, context: ExecutionContext): Principal => {
  const { user } = context.switchToHttp().getRequest<AppRequest>();
  if (!user) throw new UnauthenticatedException();
  return user;
});
