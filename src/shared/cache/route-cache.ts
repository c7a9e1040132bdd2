import type {
  FastifyBaseLogger,
  FastifyInstance,
  FastifyRequest,
  onRequestAsyncHookHandler,
  onSendAsyncHookHandler,
} from 'fastify'
import type { RedisCache } from './redis-cache.js'

/** How a route's answers are kept. */
export interface CachePolicy {
  /** Seconds; CACHE_TTL_SECONDS if absent. */
  readonly ttlSeconds?: number
  /** Whether all callers get the same answer, or each principal its own. */
  readonly scope: 'shared' | 'principal'
}

declare module 'fastify' {
  interface FastifyContextConfig {
    cache?: CachePolicy
  }
  interface FastifyRequest {
    /** Where the answer is to be stored; null if it came from the cache or must not be kept. */
    cacheKey: string | null
  }
}

export interface RouteCacheNeeds {
  readonly cache: RedisCache
  readonly defaultTtlSeconds: number
  readonly logger: FastifyBaseLogger
}

/** One key for one answer: the order of the query's parameters does not make another one. */
const keyOf = (request: FastifyRequest, { scope }: CachePolicy): string => {
  const owner = scope === 'shared' ? 'shared' : (request.principal?.userId ?? 'anonymous')
  const [path = '', query = ''] = request.url.split('?', 2)
  const parameters = new URLSearchParams(query)
  parameters.sort()
  return `${owner}:${path}?${parameters}`
}

const lookUp =
  (policy: CachePolicy, { cache, logger }: RouteCacheNeeds): onRequestAsyncHookHandler =>
  async (request, reply) => {
    const key = keyOf(request, policy)
    let body: string | null
    try {
      body = await cache.find(key)
    } catch (error) {
      logger.debug({ err: error }, 'cache bypassed')
      reply.header('x-cache', 'BYPASS')
      return
    }
    reply.header('x-cache', body === null ? 'MISS' : 'HIT')
    if (body === null) {
      request.cacheKey = key
      return
    }
    // The stored text is the serialised body: it goes out as it is.
    return reply.type('application/json; charset=utf-8').send(body)
  }

const store =
  (ttlSeconds: number, { cache, logger }: RouteCacheNeeds): onSendAsyncHookHandler =>
  async (request, reply, payload) => {
    const { cacheKey } = request
    if (cacheKey === null || reply.statusCode !== 200 || typeof payload !== 'string') return
    // Not awaited: the caller need not wait for the next caller's benefit.
    cache.store(cacheKey, payload, ttlSeconds).catch((error: unknown) => {
      logger.debug({ err: error }, 'answer not cached')
    })
  }

/**
 * Gives the routes that state a cache policy their look-up and their store, at boot. Register it after
 * the access guard: the look-up must come behind the access check.
 */
export const registerRouteCache = (app: FastifyInstance, needs: RouteCacheNeeds): void => {
  app.decorateRequest('cacheKey', null)
  app.addHook('onRoute', (route) => {
    const policy = route.config?.cache
    if (!policy) return
    const ttlSeconds = policy.ttlSeconds ?? needs.defaultTtlSeconds
    route.onRequest = [...[route.onRequest ?? []].flat(), lookUp(policy, needs)]
    route.onSend = [...[route.onSend ?? []].flat(), store(ttlSeconds, needs)]
  })
}
