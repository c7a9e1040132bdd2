import type { FastifyInstance, onRequestAsyncHookHandler } from 'fastify'
import type { Access, Principal } from '../principal.js'

/** Gives the hook that lets the right callers through, or none for a public route. */
export type AccessHooks = (access: Access) => onRequestAsyncHookHandler | undefined

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Required: a route without it does not boot. */
    access: Access
    /** False for what must always answer, such as probes. */
    generalLimit?: false
  }
  interface FastifyInstance {
    /** Set on a subtree whose routes a library adds, since those cannot state a policy themselves. */
    accessOfSubtree?: Access
  }
  interface FastifyRequest {
    /** Null on public routes. */
    principal: Principal | null
    /** Until when the access token is good, in milliseconds since 1970; null where none was shown. */
    tokenExpiresAt: number | null
  }
}

/** Routes forgot to say who may call them. */
export class MissingAccessError extends Error {
  override readonly name = 'MissingAccessError'

  constructor(routes: readonly string[]) {
    const have = routes.length === 1 ? 'has' : 'have'
    super(`${routes.join(', ')} ${have} no access policy: add config.access to the route`)
  }
}

/**
 * Lets the right callers through, and counts each: a user who was let in, else the address. Whoever knocks
 * without end is told 429 in place of 401.
 */
const guardAndLimit = (
  guard: onRequestAsyncHookHandler,
  limit: onRequestAsyncHookHandler,
): onRequestAsyncHookHandler =>
  async function letThrough(request, reply) {
    try {
      await guard.call(this, request, reply)
    } finally {
      await limit.call(this, request, reply)
    }
  }

/**
 * Guards every route that is added from here on, at boot: the policy becomes the route's first hook. The
 * app rejects with MissingAccessError, and does not listen, when a route has none. That is told when all
 * routes are there: thrown from a plugin that takes a callback, it would not reach whoever boots.
 */
export const registerAccess = (
  app: FastifyInstance,
  hookFor: AccessHooks,
  limit: onRequestAsyncHookHandler,
): void => {
  const unguarded: string[] = []
  app.decorateRequest('principal', null)
  app.decorateRequest('tokenExpiresAt', null)
  app.addHook('onRoute', function guard(this: FastifyInstance, route) {
    const access = route.config?.access ?? this.accessOfSubtree
    if (access === undefined) {
      unguarded.push(`${String(route.method)} ${route.url}`)
      return
    }
    route.config = { ...route.config, access }
    const guard = hookFor(access)
    const isLimited = route.config.generalLimit !== false
    const hooks = guard ? [isLimited ? guardAndLimit(guard, limit) : guard] : isLimited ? [limit] : []
    route.onRequest = [...hooks, ...[route.onRequest ?? []].flat()]
  })
  app.addHook('onReady', async () => {
    if (unguarded.length > 0) throw new MissingAccessError(unguarded)
  })
}
