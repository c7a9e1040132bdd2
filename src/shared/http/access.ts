import type { FastifyInstance, onRequestHookHandler } from 'fastify'
import type { Access, Principal } from '../principal.js'

/** Gives the hook that lets the right callers through, or none for a public route. */
export type AccessHooks = (access: Access) => onRequestHookHandler | undefined

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Required: a route without it does not boot. */
    access: Access
  }
  interface FastifyInstance {
    /** Set on a subtree whose routes a library adds, since those cannot state a policy themselves. */
    accessOfSubtree?: Access
  }
  interface FastifyRequest {
    /** Null on public routes. */
    principal: Principal | null
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
 * Guards every route that is added from here on, at boot: the policy becomes the route's first hook. The
 * app rejects with MissingAccessError, and does not listen, when a route has none. That is told when all
 * routes are there: thrown from a plugin that takes a callback, it would not reach whoever boots.
 */
export const registerAccess = (app: FastifyInstance, hookFor: AccessHooks): void => {
  const unguarded: string[] = []
  app.decorateRequest('principal', null)
  app.addHook('onRoute', function guard(this: FastifyInstance, route) {
    const access = route.config?.access ?? this.accessOfSubtree
    if (access === undefined) {
      unguarded.push(`${String(route.method)} ${route.url}`)
      return
    }
    route.config = { ...route.config, access }
    const hook = hookFor(access)
    if (hook) route.onRequest = [hook, ...[route.onRequest ?? []].flat()]
  })
  app.addHook('onReady', async () => {
    if (unguarded.length > 0) throw new MissingAccessError(unguarded)
  })
}
