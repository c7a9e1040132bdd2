import { CACHE_MANAGER, type Cache, CacheInterceptor } from '@nestjs/cache-manager';
import { type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import { ConfigService } from '@nestjs/config';
import { Reflector } from '@nestjs/core';

/** Nest's interceptor, which can be turned off: keys are URLs, so only for answers that do not depend on the caller. */
@Injectable()
export class HttpCacheInterceptor extends CacheInterceptor {
  private readonly isEnabled: boolean;

  constructor(@Inject(CACHE_MANAGER) cache: Cache, reflector: Reflector, config: ConfigService) {
    super(cache, reflector);
    this.isEnabled = config.getOrThrow('CACHE_ENABLED');
  }

  protected override isRequestCacheable(context: ExecutionContext): boolean {
    return this.isEnabled && super.isRequestCacheable(context);
  }
}
