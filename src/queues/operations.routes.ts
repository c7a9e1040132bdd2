import type { FastifyRequest } from 'fastify'
import type { FastifyPluginCallbackZod } from 'fastify-type-provider-zod'
import { originOf } from '../shared/http/origin.js'
import { principalOf } from '../shared/http/principal-of.js'
import { limitOperations } from './operations.limit.js'
import type { OperationsService, Operator } from './operations.service.js'
import {
  discardBody,
  type OperationResult,
  operationSchema,
  queueParams,
  requeueBody,
} from './queues.schemas.js'
import type { QueuesService } from './queues.service.js'

const tags = ['administration']
const config = { access: { roles: ['admin'] }, priority: 'high' } as const

export interface OperationsRoutesOptions {
  readonly operationsService: OperationsService
  readonly queuesService: Pick<QueuesService, 'requireQueue'>
}

const operatorOf = (request: FastifyRequest): Operator => ({
  principal: principalOf(request),
  origin: originOf(request),
})

/** What admins do with dead letters. */
export const operationsRoutes: FastifyPluginCallbackZod<OperationsRoutesOptions> = (
  app,
  { operationsService, queuesService },
  done,
) => {
  const onRequest = limitOperations(app)
  const response = { 200: operationSchema }
  /** Nothing to be found in a queue is an answer; in one that does not exist it hides a slip of the pen. */
  const unlessUnknown = async (queue: string, result: OperationResult): Promise<OperationResult> => {
    if (result.matched === 0) await queuesService.requireQueue(queue)
    return result
  }

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
    async (request) => {
      const operation = { ...request.params, ...request.body }
      return unlessUnknown(operation.queue, await operationsService.requeue(operatorOf(request), operation))
    },
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
    async (request) => {
      const operation = { ...request.params, ...request.body }
      return unlessUnknown(operation.queue, await operationsService.discard(operatorOf(request), operation))
    },
  )

  done()
}
