import type { FastifyInstance, onRequestHookHandler, RouteOptions } from 'fastify'
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

/** A route forgot to say who may call it. */
export class MissingAccessError extends Error {
  override readonly name = 'MissingAccessError'

  constructor(route: RouteOptions) {
    super(`${String(route.method)} ${route.url} has no access policy: add config.access to the route`)
  }
}

/**
 * Guards every route that is added from here on, at boot: the policy becomes the route's first hook.
 * @throws MissingAccessError from the route's registration, which stops the boot.
 */
export const registerAccess = (app: FastifyInstance, hookFor: AccessHooks): void => {
  app.decorateRequest('principal', null)
  app.addHook('onRoute', function guard(this: FastifyInstance, route) {
    const access = route.config?.access ?? this.accessOfSubtree
    if (access === undefined) throw new MissingAccessError(route)
    route.config = { ...route.config, access }
    const hook = hookFor(access)
    if (hook) route.onRequest = [hook, ...[route.onRequest ?? []].flat()]
  })
}
