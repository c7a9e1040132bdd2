import type {
  FastifyInstance,
  FastifyReply,
  FastifyRequest,
  onRequestAsyncHookHandler,
  onSendAsyncHookHandler,
  preHandlerAsyncHookHandler,
  RouteHandlerMethod,
} from 'fastify'
import { DeadlineError, withDeadline } from '../deadline.js'
import { hasTag } from '../http/conditional.js'
import { repeatProblem } from '../http/error-handler.js'
import { STATUS_OF_KIND, toProblem } from '../http/problem.js'
import type { Cache, Policy } from './cache.js'
import type { CacheOutcome } from './cache-metrics.js'
import type { Entry } from './entry.js'
import { routeKeyOf } from './route-key.js'
import { createRouteLoad, type RouteLoad } from './route-load.js'
import { isFresh } from './single-flight.js'

/** How a route's answers are kept. */
export type CachePolicy = KeptPolicy & Sharing

type Sharing =
  /** Each principal gets his own answer, and nobody on the way keeps it. */
  | { readonly scope: 'principal'; readonly cacheControl?: never }
  /** All callers get the same. `cacheControl`: what everybody on the way may do with it; keep nothing, if absent. */
  | { readonly scope: 'shared'; readonly cacheControl?: string }

interface KeptPolicy {
  /** Seconds; CACHE_TTL_SECONDS if absent. */
  readonly ttlSeconds?: number
  /** How long after that an answer is still given to others while one caller's is made anew; 0 if absent. */
  readonly staleSeconds?: number
  /** What the answer tells of, by the parameters of the path: whoever changes that notes the same tag. */
  readonly tags: (params: Readonly<Record<string, string>>) => readonly string[]
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
  load?: RouteLoad
}

export interface RouteCacheNeeds {
  readonly cache: Cache
  /** False answers nothing from the cache and keeps nothing in it; what has changed is still told, for other pods. */
  readonly enabled: boolean
  readonly defaultTtlSeconds: number
}

const policyOf = (request: FastifyRequest, policy: CachePolicy, defaultTtlSeconds: number): Policy => ({
  ttlSeconds: policy.ttlSeconds ?? defaultTtlSeconds,
  staleSeconds: policy.staleSeconds ?? 0,
  // What the router found in the path; its type is open until the route's schema has judged it.
  tags: policy.tags(request.params as Record<string, string>),
})

const VERDICT = { hit: 'HIT', wait: 'HIT', stale: 'STALE', miss: 'MISS', bypass: 'BYPASS' } as const

const note = (cache: Cache, request: FastifyRequest, reply: FastifyReply, outcome: CacheOutcome): void => {
  reply.header('x-cache', VERDICT[outcome])
  cache.count(request.routeOptions.url ?? '', outcome)
}

/** The stored text is the serialised body: it goes out as it is. */
const give = (
  cache: Cache,
  request: FastifyRequest,
  reply: FastifyReply,
  entry: Entry,
  outcome: CacheOutcome,
) => {
  note(cache, request, reply, outcome)
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
    if (key === undefined) return note(cache, request, reply, 'bypass')
    const seen = await cache.find(key, keeping)
    if (isFresh(seen?.entry)) return give(cache, request, reply, seen.entry, 'hit')
    // Until its turn has come; what is refused before has none.
    reply.header('x-cache', seen ? 'MISS' : 'BYPASS')
    request.cacheMiss = { key, policy: keeping, stale: seen?.entry }
  }

/** Behind the validation: no client takes the right to load what there cannot be. */
const takeTurn =
  ({ cache }: RouteCacheNeeds): preHandlerAsyncHookHandler =>
  async (request, reply) => {
    const miss = request.cacheMiss
    if (!miss) return
    const turn = await cache.join(miss.key, miss.policy, miss.stale, reply.elapsedTime).catch((error) => {
      // Who has waited in vain has loaded nothing.
      note(cache, request, reply, 'bypass')
      throw error
    })
    if (turn.do === 'give')
      return give(cache, request, reply, turn.entry, isFresh(turn.entry) ? 'wait' : 'stale')
    note(cache, request, reply, turn.isAlone ? 'bypass' : 'miss')
    const load = createRouteLoad(cache, turn.load, miss.policy)
    miss.load = load
    // Of whoever has hung up by now the handler runs all the same: given up, it would only run again for the next one.
    if (!reply.raw.destroyed) reply.raw.once('close', load.closed)
  }

/** How long whoever makes an old answer anew waits for that: less than a handler has, whose deadline is an error. */
const NEW_ANSWER_MS = 2_000

/**
 * The handler, of which the load is to know when it has ended. An old answer is better than none: where the new one cannot be had just
 * now, be it that the pod is busy or that Postgres is away, it is given as it is given to those who wait.
 */
const noticed = (handler: RouteHandlerMethod, { cache }: RouteCacheNeeds): RouteHandlerMethod =>
  async function loadOrGiveOld(request, reply) {
    const answer = async () => handler.call(this, request, reply)
    const miss = request.cacheMiss
    if (!miss?.load) return answer()
    const { load, stale } = miss
    const loading = load.run(answer)
    if (!stale) return loading
    try {
      return await withDeadline('a new answer', NEW_ANSWER_MS, loading)
    } catch (error) {
      if (!(error instanceof DeadlineError) && toProblem(error).status !== STATUS_OF_KIND.unavailable)
        throw error
      void loading.catch(() => undefined).finally(load.closed)
      // What goes out is not what this load has brought.
      request.cacheMiss = null
      return give(cache, request, reply, stale, 'stale')
    }
  }

const bypass =
  ({ cache }: RouteCacheNeeds): onRequestAsyncHookHandler =>
  async (request, reply) =>
    note(cache, request, reply, 'bypass')

/**
 * Keeps the answer, and sends it: to whoever has it already as a 304, which is why the handlers of these routes do not
 * heed If-None-Match themselves.
 */
const complete =
  ({ cacheControl }: CachePolicy): onSendAsyncHookHandler =>
  async (request, reply, payload) => {
    request.cacheMiss?.load?.answered(reply, payload)
    if (reply.statusCode !== 200) return
    if (cacheControl !== undefined) reply.header('cache-control', cacheControl)
    const etag = reply.getHeader('etag')
    if (typeof etag !== 'string' || !hasTag(request, etag)) return
    reply.code(304).removeHeader('content-type').removeHeader('content-length')
    return null
  }

/**
 * Gives the routes that state a cache policy their look-up and their store, at boot. Register it after
 * the access guard: the look-up must come behind the access check; and before the handlers' deadline, which a load outlives.
 */
export const registerRouteCache = (app: FastifyInstance, needs: RouteCacheNeeds): void => {
  app.decorateRequest('cacheMiss', null)
  app.addHook('onRoute', (route) => {
    const policy = route.config?.cache
    if (!policy) return
    // The answer to HEAD has no body to keep.
    const isUsed = needs.enabled && route.method !== 'HEAD'
    route.onRequest = [...[route.onRequest ?? []].flat(), isUsed ? lookUp(policy, needs) : bypass(needs)]
    if (isUsed) {
      route.preHandler = [takeTurn(needs), ...[route.preHandler ?? []].flat()]
      route.handler = noticed(route.handler, needs)
    }
    route.onSend = [...[route.onSend ?? []].flat(), complete(policy)]
  })
}
