import Fastify, { type FastifyBaseLogger, type FastifyInstance } from 'fastify'
import { validatorCompiler } from 'fastify-type-provider-zod'
import type { Registry } from 'prom-client'
import { auth, guardRoutes } from './auth/index.js'
import type { ApiCradle } from './container.js'
import { orders } from './orders/index.js'
import { products } from './products/index.js'
import { queues } from './queues/index.js'
import { realtime } from './realtime/index.js'
import { sessions } from './sessions/index.js'
import type { Cache } from './shared/cache/cache.js'
import { registerRedis } from './shared/cache/fastify-redis.js'
import { registerHttpCaching } from './shared/cache/http-caching.js'
import { registerRouteCache } from './shared/cache/route-cache.js'
import type { ApiConfig } from './shared/config.js'
import type { PoolLoad } from './shared/database/pool-gate.js'
import { registerAbandonedRequests } from './shared/http/abandoned-requests.js'
import { registerAdminHealth } from './shared/http/admin-health.js'
import { documentConditional } from './shared/http/conditional-routes.js'
import { refuseEmptyParameters } from './shared/http/empty-parameters.js'
import { registerEnvelope } from './shared/http/envelope.js'
import { registerErrorHandler, registerNotFound } from './shared/http/error-handler.js'
import { registerHandlerDeadline } from './shared/http/handler-deadline.js'
import { registerHealth } from './shared/http/health.js'
import { registerIdempotency } from './shared/http/idempotency.js'
import { registerLoadShedding } from './shared/http/load-shedding.js'
import { collectMethods } from './shared/http/method-not-allowed.js'
import { registerDocs, registerOpenApi } from './shared/http/openapi.js'
import { registerProtocolRules } from './shared/http/protocol-rules.js'
import { registerRateLimit } from './shared/http/rate-limit.js'
import { registerRequestId } from './shared/http/request-id.js'
import { registerRequestLog } from './shared/http/request-log.js'
import { registerRequestMetrics } from './shared/http/request-metrics.js'
import { serializerCompiler } from './shared/http/serializer.js'
import { serverOptions } from './shared/http/server-options.js'
import { registerStrictBody } from './shared/http/strict-body.js'
import { registerStrictQuery } from './shared/http/strict-query.js'
import { registerTrace } from './shared/http/trace.js'
import { registerUpgrades } from './shared/http/upgrades.js'
import type { RedisClient } from './shared/redis/client.js'
import type { Tracer } from './shared/telemetry/tracer.js'
import { uploads } from './uploads/index.js'
import { users } from './users/index.js'
import { webhooks } from './webhooks/index.js'

export interface AppNeeds {
  readonly config: ApiConfig
  readonly cradle: ApiCradle
  readonly load: () => PoolLoad
  readonly redis: RedisClient
  readonly cache: Cache
  readonly registry: Registry
  readonly logger: FastifyBaseLogger
  readonly isDraining: () => boolean
  /** Rejects with the reason why this pod wants no traffic. */
  readonly checkReady: () => Promise<void>
  /** None where tracing is off. */
  readonly tracer?: Tracer | undefined
}

/**
 * Builds the HTTP application, ready to listen. The order counts: what is registered first wraps or
 * guards all routes that come after it.
 * @throws MissingAccessError when a route does not say who may call it
 */
export const createApp = async (needs: AppNeeds): Promise<FastifyInstance> => {
  const { config, cradle, load, redis, cache, registry, logger, isDraining, checkReady, tracer } = needs
  const app: FastifyInstance = Fastify({
    ...serverOptions,
    trustProxy: [...config.TRUST_PROXY],
    loggerInstance: logger,
  })
  app.setValidatorCompiler(validatorCompiler)
  app.setSerializerCompiler(serializerCompiler)
  app.removeContentTypeParser('text/plain')

  const shedding = registerLoadShedding(app, {
    load,
    poolMax: config.DATABASE_POOL_MAX,
    cacheEnabled: config.CACHE_ENABLED,
    registry,
  })
  registerRequestId(app)
  registerAbandonedRequests(app, [
    ...registerTrace(app, tracer),
    registerRequestLog(app),
    registerRequestMetrics(app, registry),
  ])
  registerErrorHandler(app)
  registerProtocolRules(app)
  registerIdempotency(app, cradle.database)
  shedding.guardPool()
  registerStrictQuery(app)
  registerStrictBody(app)
  documentConditional(app)
  registerEnvelope(app)
  await registerRedis(app, redis)
  await registerHttpCaching(app)
  const limit = await registerRateLimit(app, {
    redis: app.redis,
    prefix: config.REDIS_PREFIX,
    perMinute: config.RATE_LIMIT_PER_MINUTE,
    logger,
  })
  const guardSettings = {
    privateKeys: config.JWT_PRIVATE_KEYS,
    isProduction: config.NODE_ENV === 'production',
  }
  await guardRoutes(app, guardSettings, cradle, limit)
  refuseEmptyParameters(app)
  registerRouteCache(app, {
    cache,
    enabled: config.CACHE_ENABLED,
    defaultTtlSeconds: config.CACHE_TTL_SECONDS,
  })
  registerHandlerDeadline(app)
  registerUpgrades(app)
  await registerOpenApi(app)
  const refuseOtherMethods = collectMethods(app)

  registerHealth(app, checkReady)
  registerAdminHealth(app, { ...cradle, load, poolMax: config.DATABASE_POOL_MAX, redis, isDraining })
  await app.register(auth, {
    authService: cradle.authService,
    sessionsService: cradle.sessionsService,
    passwordsService: cradle.passwordsService,
    passwordRecoveryService: cradle.passwordRecoveryService,
    emailVerificationService: cradle.emailVerificationService,
    passwords: cradle.passwords,
    limitSettings: {
      logInsPerAccount: config.RATE_LIMIT_LOGINS_PER_ACCOUNT,
      logInsPerAddress: config.RATE_LIMIT_LOGINS_PER_ADDRESS,
      accountChangesPerAddress: config.RATE_LIMIT_ACCOUNT_CHANGES,
    },
    ...guardSettings,
  })
  await app.register(sessions, { sessionsService: cradle.sessionsService })
  await app.register(users, {
    usersService: cradle.usersService,
    administrationService: cradle.administrationService,
  })
  await app.register(uploads, {
    uploadsService: cradle.uploadsService,
    temporaryFiles: cradle.temporaryFiles,
    uploadSettings: { perHour: config.RATE_LIMIT_UPLOADS, timeoutMs: config.UPLOAD_TIMEOUT_MS },
  })
  await app.register(products, { productsService: cradle.productsService })
  await app.register(orders, {
    ordersService: cradle.ordersService,
    transitionsService: cradle.transitionsService,
  })
  await app.register(webhooks, {
    webhooksService: cradle.webhooksService,
    deliveriesService: cradle.deliveriesService,
    publicationsService: cradle.publicationsService,
    sendsPerMinute: config.RATE_LIMIT_WEBHOOK_SENDS,
  })
  await app.register(realtime, {
    realtimeHub: cradle.realtimeHub,
    allowedOrigins: config.REALTIME_ORIGINS,
    isDraining,
  })

  await app.register(queues, {
    queuesService: cradle.queuesService,
    operationsService: cradle.operationsService,
  })

  await registerDocs(app)
  refuseOtherMethods()
  await registerNotFound(app)
  await app.ready()
  return app
}
