import type { FastifyRequest } from 'fastify'
import type { FastifyPluginCallbackZod } from 'fastify-type-provider-zod'
import { originOf } from '../shared/http/origin.js'
import { principalOf } from '../shared/http/principal-of.js'
import { limitBy } from '../shared/http/rate-limit.js'
import type { OperationsService, Operator } from './operations.service.js'
import { discardBody, operationSchema, queueParams, requeueBody } from './queues.schemas.js'

const tags = ['administration']
const config = { access: { roles: ['admin'] } } as const
/** Each may move ten thousand jobs: more often in a minute is a script that has gone wrong. */
const PER_MINUTE = 30

export interface OperationsRoutesOptions {
  readonly operationsService: OperationsService
}

const operatorOf = (request: FastifyRequest): Operator => ({
  principal: principalOf(request),
  origin: originOf(request),
})

/** What admins do with dead letters. */
export const operationsRoutes: FastifyPluginCallbackZod<OperationsRoutesOptions> = (
  app,
  { operationsService },
  done,
) => {
  const keyOf = (request: FastifyRequest) => principalOf(request).userId
  const onRequest = limitBy(app, { name: 'queue-operations', max: PER_MINUTE, windowMs: 60_000, keyOf })
  const response = { 200: operationSchema }

  app.post(
    '/:queue/requeue',
    {
      config,
      onRequest,
      schema: {
        tags,
        summary: 'Send dead letters again; first a dry run',
        params: queueParams,
        body: requeueBody,
        response,
      },
    },
    (request) => operationsService.requeue(operatorOf(request), { ...request.params, ...request.body }),
  )

  app.post(
    '/:queue/discard',
    {
      config,
      onRequest,
      schema: {
        tags,
        summary: 'Put dead letters away; first a dry run',
        params: queueParams,
        body: discardBody,
        response,
      },
    },
    (request) => operationsService.discard(operatorOf(request), { ...request.params, ...request.body }),
  )

  done()
}
