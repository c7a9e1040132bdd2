import type { FastifyInstance, HTTPMethods } from 'fastify'
import { HttpError, methodNotAllowed } from './http-errors.js'

const METHODS: readonly HTTPMethods[] = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE']

type MethodsByUrl = Map<string, Set<string>>

const addRefusals = (app: FastifyInstance, methodsByUrl: MethodsByUrl): void => {
  for (const [url, allowed] of methodsByUrl) {
    const refused = METHODS.filter((method) => !allowed.has(method))
    if (refused.length === 0) continue
    const headers = { allow: [...allowed].join(', ') }
    app.route({
      method: refused,
      url,
      config: { access: 'public' },
      schema: { hide: true },
      // Before the body is read: it is not wanted, whatever it is.
      onRequest: () => Promise.reject(new HttpError(methodNotAllowed, headers)),
      handler: () => undefined,
    })
  }
}

/**
 * Answers 405 with `Allow` (RFC 9110, 15.5.6) where the address exists but not with this method; the
 * router alone would say 404. Call it first; what it returns adds the refusals once all routes are there.
 */
export const collectMethods = (app: FastifyInstance): (() => void) => {
  const methodsByUrl: MethodsByUrl = new Map()
  app.addHook('onRoute', function collect(this: FastifyInstance, { url, method }) {
    // A library's own routes overlap and have wildcards; refusing beside them would collide.
    if (this.accessOfSubtree !== undefined) return
    const methods = methodsByUrl.get(url) ?? new Set()
    for (const each of [method].flat()) methods.add(each)
    methodsByUrl.set(url, methods)
  })
  return () => addRefusals(app, new Map(methodsByUrl))
}
