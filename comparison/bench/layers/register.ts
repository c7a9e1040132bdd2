import type { FastifyBaseLogger, FastifyInstance } from 'fastify'
import type { Registry } from 'prom-client'
import { createAccessHooks } from '../../../src/auth/auth.hooks.js'
import { readSigningKeys } from '../../../src/auth/auth.keys.js'
import { registerTokens } from '../../../src/auth/auth.tokens.js'
import { guardRoutes } from '../../../src/auth/index.js'
import { createKnownCallers } from '../../../src/auth/known-callers.js'
import { createPageSessions, registerCookies } from '../../../src/auth/page-sessions.js'
import type { ApiCradle } from '../../../src/container.js'
import type { Cache } from '../../../src/shared/cache/cache.js'
import { registerRedis } from '../../../src/shared/cache/fastify-redis.js'
import { registerHttpCaching } from '../../../src/shared/cache/http-caching.js'
import { registerRouteCache } from '../../../src/shared/cache/route-cache.js'
import type { ApiConfig } from '../../../src/shared/config.js'
import { registerAccess } from '../../../src/shared/http/access.js'
import { refuseEmptyParameters } from '../../../src/shared/http/empty-parameters.js'
import { registerEnvelope } from '../../../src/shared/http/envelope.js'
import { registerErrorHandler } from '../../../src/shared/http/error-handler.js'
import { registerHandlerDeadline } from '../../../src/shared/http/handler-deadline.js'
import { registerProtocolRules } from '../../../src/shared/http/protocol-rules.js'
import { type LimitHook, registerRateLimit } from '../../../src/shared/http/rate-limit.js'
import { registerRequestId } from '../../../src/shared/http/request-id.js'
import { registerRequestLog } from '../../../src/shared/http/request-log.js'
import { registerRequestMetrics } from '../../../src/shared/http/request-metrics.js'
import { registerStrictBody } from '../../../src/shared/http/strict-body.js'
import { registerStrictQuery } from '../../../src/shared/http/strict-query.js'
import { registerTrace } from '../../../src/shared/http/trace.js'
import type { RedisClient } from '../../../src/shared/redis/client.js'
import { users } from '../../../src/users/index.js'
import { profileSchema, userParams } from '../../../src/users/users.schemas.js'
import type { LayerId } from './layers.js'

export interface House {
  readonly config: ApiConfig
  readonly logger: FastifyBaseLogger
  readonly redis: RedisClient
  readonly cache: Cache
  readonly registry: Registry
  readonly cradle: ApiCradle
}

type Layers = ReadonlySet<LayerId>

const noLimit: LimitHook = async () => {}

const limitOf = async (app: FastifyInstance, layers: Layers, house: House): Promise<LimitHook> => {
  if (!layers.has('limits')) return noLimit
  const { config, logger } = house
  await registerRedis(app, house.redis)
  return registerRateLimit(app, {
    redis: app.redis,
    prefix: config.REDIS_PREFIX,
    perMinute: config.RATE_LIMIT_PER_MINUTE,
    logger,
  })
}

/** As `guardRoutes` does it, but for the memory of callers, which here holds none of them until he comes again. */
const guardForgetfully = async (app: FastifyInstance, { config, cradle }: House): Promise<void> => {
  await registerTokens(app, readSigningKeys(config.JWT_PRIVATE_KEYS))
  await registerCookies(app)
  registerAccess(app, createAccessHooks(cradle, createPageSessions(true), createKnownCallers(0)), noLimit)
}

const guard = async (app: FastifyInstance, layers: Layers, house: House): Promise<void> => {
  if (layers.has('signature')) return guardForgetfully(app, house)
  const settings = { privateKeys: house.config.JWT_PRIVATE_KEYS, isProduction: true }
  await guardRoutes(app, settings, house.cradle, await limitOf(app, layers, house))
}

const registerRules = async (app: FastifyInstance): Promise<void> => {
  registerErrorHandler(app)
  registerProtocolRules(app)
  registerHandlerDeadline(app)
  registerStrictQuery(app)
  registerStrictBody(app)
  await registerHttpCaching(app)
}

/** With the real route: of one that is answered from the cache, nothing behind the look-up is run. */
const addCachedProfile = async (app: FastifyInstance, { cache, config, cradle }: House): Promise<void> => {
  registerRouteCache(app, { cache, enabled: true, defaultTtlSeconds: config.CACHE_TTL_SECONDS })
  const { usersService, administrationService } = cradle
  await app.register(users, { usersService, administrationService })
}

/** The route of a profile, with as much of it as is asked for. */
const addProfile = (app: FastifyInstance, layers: Layers, { cradle }: House): void => {
  const answer = { name: 'Ada Lovelace', avatarUrl: null, createdAt: '2026-01-02T03:04:05.678Z' }
  const schema = {
    ...(layers.has('validation') && { params: userParams }),
    ...(layers.has('serialisation') && { response: { 200: profileSchema } }),
  }
  app.get<{ Params: { id: string } }>(
    '/v1/users/:id',
    { config: { access: 'signed-in' }, schema },
    layers.has('query')
      ? (request) => cradle.usersService.getProfile(request.params.id)
      : async (request) => ({ id: request.params.id, ...answer }),
  )
}

/** Puts the layers around the route, in the order of `src/app.ts`, and the route itself. */
export const registerLayers = async (app: FastifyInstance, layers: Layers, house: House): Promise<void> => {
  if (layers.has('trace')) {
    registerRequestId(app)
    registerTrace(app)
  }
  if (layers.has('log')) registerRequestLog(app)
  if (layers.has('metrics')) registerRequestMetrics(app, house.registry)
  if (layers.has('rules')) await registerRules(app)
  if (layers.has('serialisation') || layers.has('cache')) registerEnvelope(app)
  if (layers.has('access')) await guard(app, layers, house)
  if (layers.has('validation') || layers.has('cache')) refuseEmptyParameters(app)
  app.get('/livez', { config: { access: 'public', generalLimit: false } }, async () => ({ status: 'ok' }))
  if (layers.has('cache')) await addCachedProfile(app, house)
  else addProfile(app, layers, house)
}
