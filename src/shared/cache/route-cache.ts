import type {
  FastifyInstance,
  FastifyReply,
  FastifyRequest,
  onRequestAsyncHookHandler,
  onSendAsyncHookHandler,
  preHandlerAsyncHookHandler,
} from 'fastify'
import { hasTag } from '../http/conditional.js'
import { repeatProblem } from '../http/error-handler.js'
import type { Cache, Loaded, Policy } from './cache.js'
import type { Entry } from './entry.js'
import { routeKeyOf } from './route-key.js'
import { isFresh, type Load } from './single-flight.js'

/** How a route's answers are kept. */
export interface CachePolicy {
  /** Seconds; CACHE_TTL_SECONDS if absent. */
  readonly ttlSeconds?: number
  /** How long after that an answer is still given to others while one caller's is made anew; 0 if absent. */
  readonly staleSeconds?: number
  /** Whether all callers get the same answer, or each principal its own. */
  readonly scope: 'shared' | 'principal'
  /** What the answer tells of, by the parameters of the path: whoever changes that notes the same tag. */
  readonly tags: (params: Readonly<Record<string, string>>) => readonly string[]
  /** The Cache-Control of answers that everybody may keep; the others are kept by nobody on the way. */
  readonly cacheControl?: string
}

declare module 'fastify' {
  interface FastifyContextConfig {
    cache?: CachePolicy
  }
  interface FastifyRequest {
    /** An answer that was not found fresh; null if it was, or is not to be kept. */
    cacheMiss: CacheMiss | null
  }
}

interface CacheMiss {
  readonly key: string
  readonly policy: Policy
  readonly stale: Entry | undefined
  load?: Load
}

export interface RouteCacheNeeds {
  readonly cache: Cache
  /** False answers nothing from the cache and keeps nothing in it; what has changed is still told, for other pods. */
  readonly enabled: boolean
  readonly defaultTtlSeconds: number
}

/** Long enough for a crowd that follows a dead link, and short enough for whoever repairs it. */
const NOT_FOUND_SECONDS = 5

const policyOf = (request: FastifyRequest, policy: CachePolicy, defaultTtlSeconds: number): Policy => ({
  ttlSeconds: policy.ttlSeconds ?? defaultTtlSeconds,
  staleSeconds: policy.staleSeconds ?? 0,
  // What the router found in the path; its type is open until the route's schema has judged it.
  tags: policy.tags(request.params as Record<string, string>),
})

/** The stored text is the serialised body: it goes out as it is. */
const give = (request: FastifyRequest, reply: FastifyReply, entry: Entry) => {
  reply.header('x-cache', isFresh(entry) ? 'HIT' : 'STALE')
  if (entry.status !== 200) return repeatProblem(entry.status, entry.body, request, reply)
  if (entry.etag !== undefined) reply.header('etag', entry.etag)
  return reply.type('application/json; charset=utf-8').send(entry.body)
}

/** Behind the access check, and before the query is judged: nothing is kept under one that is not valid. */
const lookUp =
  (policy: CachePolicy, { cache, defaultTtlSeconds }: RouteCacheNeeds): onRequestAsyncHookHandler =>
  async (request, reply) => {
    const key = routeKeyOf(request, policy.scope)
    const keeping = policyOf(request, policy, defaultTtlSeconds)
    const seen = key === undefined ? undefined : await cache.find(key, keeping)
    if (key === undefined || !seen) {
      reply.header('x-cache', 'BYPASS')
      return
    }
    if (isFresh(seen.entry)) return give(request, reply, seen.entry)
    reply.header('x-cache', 'MISS')
    request.cacheMiss = { key, policy: keeping, stale: seen.entry }
  }

/** Behind the validation: no client takes the right to load what there cannot be. */
const takeTurn =
  ({ cache }: RouteCacheNeeds): preHandlerAsyncHookHandler =>
  async (request, reply) => {
    const miss = request.cacheMiss
    if (!miss) return
    const turn = await cache.join(miss.key, miss.policy, miss.stale)
    if (turn.do === 'give') return give(request, reply, turn.entry)
    if (turn.do === 'bypass') reply.header('x-cache', 'BYPASS')
    if (turn.do !== 'load') return
    miss.load = turn.load
    // Whatever becomes of the request, it keeps nobody waiting.
    reply.raw.once('close', turn.load.giveUp)
  }

const bypass: onRequestAsyncHookHandler = async (_request, reply) => {
  reply.header('x-cache', 'BYPASS')
}

/** What is worth keeping of an answer; no other error is, it may pass any moment. */
const loadedOf = (reply: FastifyReply, payload: unknown): Loaded | undefined => {
  const { statusCode: status } = reply
  if (typeof payload !== 'string' || (status !== 200 && status !== 404)) return undefined
  const etag = reply.getHeader('etag')
  return { status, etag: typeof etag === 'string' ? etag : undefined, body: payload }
}

const store = (cache: Cache, load: Load, policy: Policy, loaded: Loaded | undefined): void => {
  if (!loaded) load.giveUp()
  else if (loaded.status === 200) cache.keep(load, policy, loaded)
  else cache.keep(load, { ...policy, ttlSeconds: NOT_FOUND_SECONDS, staleSeconds: 0 }, loaded)
}

/**
 * Keeps the answer, and sends it: to whoever has it already as a 304, which is why the handlers of these routes do not
 * heed If-None-Match themselves.
 */
const complete =
  ({ cacheControl }: CachePolicy, { cache }: RouteCacheNeeds): onSendAsyncHookHandler =>
  async (request, reply, payload) => {
    const miss = request.cacheMiss
    if (miss?.load) store(cache, miss.load, miss.policy, loadedOf(reply, payload))
    if (reply.statusCode !== 200) return
    if (cacheControl !== undefined) reply.header('cache-control', cacheControl)
    const etag = reply.getHeader('etag')
    if (typeof etag !== 'string' || !hasTag(request, etag)) return
    reply.code(304).removeHeader('content-type').removeHeader('content-length')
    return null
  }

/**
 * Gives the routes that state a cache policy their look-up and their store, at boot. Register it after
 * the access guard: the look-up must come behind the access check.
 */
export const registerRouteCache = (app: FastifyInstance, needs: RouteCacheNeeds): void => {
  app.decorateRequest('cacheMiss', null)
  app.addHook('onRoute', (route) => {
    const policy = route.config?.cache
    if (!policy) return
    // The answer to HEAD has no body to keep.
    const isUsed = needs.enabled && route.method !== 'HEAD'
    route.onRequest = [...[route.onRequest ?? []].flat(), isUsed ? lookUp(policy, needs) : bypass]
    if (isUsed) route.preHandler = [takeTurn(needs), ...[route.preHandler ?? []].flat()]
    route.onSend = [...[route.onSend ?? []].flat(), complete(policy, needs)]
  })
}
