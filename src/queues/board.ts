import { AsyncLocalStorage } from 'node:async_hooks'
import { createBullBoard } from '@bull-board/api'
import type { AppControllerRoute } from '@bull-board/api/dist/types.js'
import { FastifyAdapter } from '@bull-board/fastify'
import type { FastifyInstance } from 'fastify'
import { limited } from '../shared/http/handler-deadline.js'
import { originOf } from '../shared/http/origin.js'
import { ADMIN_PATH, answerPageError, protectPages } from '../shared/http/pages.js'
import { principalOf } from '../shared/http/principal-of.js'
import { createQueueAdapter } from './board.adapter.js'
import { createDeeds } from './board.deeds.js'
import { limitOperations } from './operations.limit.js'
import type { OperationsService, Operator } from './operations.service.js'
import { jobNotFailed } from './queues.errors.js'
import type { QueuesService } from './queues.service.js'

const BOARD_PATH = `${ADMIN_PATH}/queues`

export interface BoardOptions {
  readonly queuesService: QueuesService
  readonly operationsService: OperationsService
}

/** Of what the library's page can ask for, what it may: the rest is not even there. */
const OFFERED = new Set([
  'get /api/queues',
  'get /api/queues/:queueName/:jobId',
  'get /api/queues/:queueName/:jobId/logs',
  // Asked for with each job; our jobs have no parents, and the answer is that.
  'get /api/queues/:queueName/:jobId/flow',
  'put /api/queues/:queueName/:jobId/retry',
  'put /api/queues/:queueName/:jobId/clean',
  'put /api/queues/:queueName/retry/:queueStatus',
  'put /api/queues/:queueName/clean/:queueStatus',
])

const RETRY_ALL = '/api/queues/:queueName/retry/:queueStatus'

const uiConfig = {
  boardTitle: 'Unnest',
  miscLinks: [{ text: 'Log out', url: ADMIN_PATH }],
  hideDocsLink: true,
  hideRedisDetails: true,
  showMetrics: false,
  showWorkers: false,
  pollingInterval: { showSetting: true },
}

/** The library's own style stands in the page and in its elements; a style cannot run, nor fetch from elsewhere. */
const STYLES = "'self' 'unsafe-inline'"

/** Its page asks another company for fonts, and would tell it who looks at what. The policy refuses; this asks not. */
const withoutForeignLinks = (html: string): string => html.replace(/<link\b[^>]*\bhref="https?:[^>]*>/g, '')

const createBoard = (options: BoardOptions, operators: AsyncLocalStorage<Operator>) => {
  const deeds = createDeeds(options.operationsService, operators)
  const server = new FastifyAdapter()
  server.setBasePath(BOARD_PATH)
  const setRoutes = server.setApiRoutes.bind(server)

  /** The library's way to retry all is one transaction a job. */
  const offer = (route: AppControllerRoute): AppControllerRoute[] => {
    if (!OFFERED.has(`${String(route.method)} ${String(route.route)}`)) return []
    if (route.route !== RETRY_ALL) return [route]
    const handler: AppControllerRoute['handler'] = async (request) => {
      const { queueName, queueStatus } = request?.params ?? {}
      if (queueStatus !== 'failed') throw jobNotFailed()
      const { done, matched } = await deeds.requeue(String(queueName))
      return { body: { retried: done, skipped: matched - done } }
    }
    return [{ ...route, handler }]
  }
  server.setApiRoutes = (routes) => setRoutes(routes.flatMap(offer))

  const board = createBullBoard({ queues: [], serverAdapter: server, options: { uiConfig } })
  const refresh = async (): Promise<void> => {
    const states = await options.queuesService.describeQueues()
    board.replaceQueues(
      states.map((state) =>
        createQueueAdapter({
          queuesService: options.queuesService,
          state,
          deeds: deeds.of(state.queue),
        }),
      ),
    )
  }
  return { plugin: server.registerPlugin(), refresh }
}

/** The dashboard: a library's page on top of the same services as the API, for admins who have logged in with the form. */
export const registerBoard = async (app: FastifyInstance, options: BoardOptions): Promise<void> => {
  const operators = new AsyncLocalStorage<Operator>()
  const { plugin, refresh } = createBoard(options, operators)
  await app.register(async (subtree) => {
    subtree.decorate('accessOfSubtree', 'admin-page')
    protectPages(subtree, STYLES)
    subtree.addHook('onRoute', (route) => {
      // Also where the library's static files have one of their own: it would hand on to the page's, which knows no 401.
      route.errorHandler = answerPageError
      const { handler } = route
      const isApi = route.url.startsWith(`${BOARD_PATH}/api/`)
      route.handler = limited(async function answer(request, reply) {
        if (isApi) await refresh()
        return handler.call(this, request, reply)
      })
    })
    const limit = limitOperations(subtree)
    subtree.addHook('preHandler', async (request, reply) => {
      if (request.method === 'PUT') await limit(request, reply)
    })
    subtree.addHook('preHandler', (request, _reply, done) => {
      operators.run({ principal: principalOf(request), origin: originOf(request) }, done)
    })
    subtree.addHook('onSend', async (_request, _reply, payload) =>
      typeof payload === 'string' && payload.startsWith('<!DOCTYPE html>')
        ? withoutForeignLinks(payload)
        : payload,
    )
    await subtree.register(plugin, { prefix: BOARD_PATH })
  })
}
