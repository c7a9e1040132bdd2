import type { FastifyInstance, preValidationAsyncHookHandler } from 'fastify'
import { validationFailed } from '../errors.js'

const message = 'this route takes no body'

const isNothing = (body: unknown): boolean =>
  body === undefined || body === null || (typeof body === 'object' && Object.keys(body).length === 0)

const refuseBody: preValidationAsyncHookHandler = async ({ body }) => {
  if (!isNothing(body)) throw validationFailed({ facts: { errors: [{ path: '', message }] } })
}

/**
 * A route that declares no body takes none: what stands in it would be passed over without a word. No bytes at all are no
 * body, whatever media type they are said to be of, as many clients do.
 */
export const registerStrictBody = (app: FastifyInstance): void => {
  const parse = app.getDefaultJsonParser('error', 'error')
  app.removeContentTypeParser('application/json')
  app.addContentTypeParser<string>('application/json', { parseAs: 'string' }, (request, body, done) => {
    if (body === '') done(null)
    else parse(request, body, done)
  })
  app.addHook('onRoute', function refuseUndeclared(this: FastifyInstance, route) {
    if (this.accessOfSubtree !== undefined || route.schema?.body) return
    route.preValidation = [refuseBody, ...[route.preValidation ?? []].flat()]
  })
}
