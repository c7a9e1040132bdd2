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
  interface FastifyInstance {
    /**
     * Drops the shared answer at a path once what it told has changed. Never rejects: while Redis is away nobody is
     * answered from it, and the answer's time to live is the limit of what an outage in between can keep.
     */
    forgetCached: (path: string) => Promise<void>
  }
  interface FastifyRequest {
    /** Where the answer is to be stored; null if it came from the cache or must not be kept. */
    cacheKey: string | null
  }
}

export interface RouteCacheNeeds {
  readonly cache: RedisCache
  /** False answers nothing from the cache and keeps nothing in it; what has changed is still dropped, for other pods. */
  readonly enabled: boolean
  readonly defaultTtlSeconds: number
  readonly logger: FastifyBaseLogger
}

/** Paths that can be spelt in one way only: nothing encoded, no capitals. */
const CANONICAL_PATH = /^[a-z0-9/._-]+$/

/**
 * One key for one answer: the order of the query's parameters does not make another one, and a path that
 * could be spelt otherwise (`%30`, a UUID in capitals) has none, since each spelling would be an entry.
 */
const keyOf = (request: FastifyRequest, { scope }: CachePolicy): string | undefined => {
  const owner = scope === 'shared' ? 'shared' : (request.principal?.userId ?? 'anonymous')
  const [path = '', query = ''] = request.url.split('?', 2)
  if (!CANONICAL_PATH.test(path)) return undefined
  const parameters = new URLSearchParams(query)
  parameters.sort()
  return `${owner}:${path}?${parameters}`
}

/** Undefined when Redis cannot be asked. */
const findOrBypass = async (
  cache: RedisCache,
  key: string,
  logger: FastifyBaseLogger,
): Promise<string | null | undefined> => {
  try {
    return await cache.find(key)
  } catch (error) {
    logger.debug({ err: error }, 'cache bypassed')
    return undefined
  }
}

const lookUp =
  (policy: CachePolicy, { cache, logger }: RouteCacheNeeds): onRequestAsyncHookHandler =>
  async (request, reply) => {
    const key = keyOf(request, policy)
    const body = key === undefined ? undefined : await findOrBypass(cache, key, logger)
    if (key === undefined || body === undefined) {
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

const bypass: onRequestAsyncHookHandler = async (_request, reply) => {
  reply.header('x-cache', 'BYPASS')
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
  app.decorate('forgetCached', async (path) => {
    await needs.cache.remove(`shared:${path}?`).catch((error: unknown) => {
      needs.logger.debug({ err: error }, 'cached answer not dropped')
    })
  })
  app.addHook('onRoute', (route) => {
    const policy = route.config?.cache
    if (!policy) return
    if (!needs.enabled) {
      route.onRequest = [...[route.onRequest ?? []].flat(), bypass]
      return
    }
    const ttlSeconds = policy.ttlSeconds ?? needs.defaultTtlSeconds
    route.onRequest = [...[route.onRequest ?? []].flat(), lookUp(policy, needs)]
    route.onSend = [...[route.onSend ?? []].flat(), store(ttlSeconds, needs)]
  })
}
