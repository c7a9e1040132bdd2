import type { FastifyPluginAsync } from 'fastify'
import { type BoardOptions, registerBoard } from './board.js'
import { operationsRoutes } from './operations.routes.js'
import { queuesRoutes } from './queues.routes.js'

/** Queues, dead letters and the schedule: for admins, as an API and as a page. */
export const queues: FastifyPluginAsync<BoardOptions> = async (app, options) => {
  const { queuesService, operationsService } = options
  app.register(queuesRoutes, { prefix: '/v1/admin', queuesService })
  app.register(operationsRoutes, { prefix: '/v1/admin/queues', operationsService, queuesService })
  await registerBoard(app, options)
}
