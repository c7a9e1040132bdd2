import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { ForbiddenException } from '../../shared/http/errors/problem.exception.js';
import type { AppRequest } from '../../shared/http/request.js';
import { ALLOWED_ROLES } from '../decorators/roles.decorator.js';
import type { Role } from '../principal.js';

/** Behind JwtAuthGuard, which says who it is. */
@Injectable()
export class RolesGuard implements CanActivate {
  constructor(private readonly reflector: Reflector) {}

  canActivate(context: ExecutionContext): boolean {
    const allowed = this.reflector.getAllAndOverride<readonly Role[] | undefined>(ALLOWED_ROLES, [
      context.getHandler(),
      context.getClass(),
    ]);
    if (!allowed) return true;
    const { user } = context.switchToHttp().getRequest<AppRequest>();
    if (!user || !allowed.includes(user.role)) throw new ForbiddenException();
    return true;
  }
}
