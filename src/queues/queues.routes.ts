import type { FastifyPluginCallbackZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { decodePosition, toPage } from '../shared/http/pagination.js'
import {
  type FailedJob,
  failedPage,
  failedQuery,
  jobParams,
  jobSchema,
  queuePage,
  queueParams,
  schedulePage,
} from './queues.schemas.js'
import type { JobSummary, QueuesService } from './queues.service.js'

const tags = ['administration']
const config = { access: { roles: ['admin'] }, priority: 'high' } as const

/** When the last one failed, in microseconds since 1970, and its id. */
const position = z.tuple([z.int(), z.uuid()])

export interface QueuesRoutesOptions {
  readonly queuesService: QueuesService
}

/** The list knows dead letters alone, which have both. */
const toFailed = ({ reason, closedAt, ...job }: JobSummary): FailedJob => ({
  ...job,
  reason: reason ?? '',
  failedAt: closedAt ?? job.createdAt,
})

/** What admins see of the queues and of what runs on a schedule. */
export const queuesRoutes: FastifyPluginCallbackZod<QueuesRoutesOptions> = (app, { queuesService }, done) => {
  app.get(
    '/queues',
    {
      config,
      schema: { tags, summary: 'Queues: how much waits, and how fast it goes', response: { 200: queuePage } },
    },
    async () => ({ data: await queuesService.describeQueues(), meta: { nextCursor: null } }),
  )

  app.get(
    '/queues/:queue/failed',
    {
      config,
      schema: {
        tags,
        summary: 'Dead letters, the latest failure first; without their payloads',
        params: queueParams,
        querystring: failedQuery,
        response: { 200: failedPage },
      },
    },
    async ({ params: { queue }, query: { limit, cursor, ...filter } }) => {
      const filters = {
        list: 'failed jobs',
        queue,
        name: filter.name ?? null,
        failedAfter: filter.failedAfter?.toISOString() ?? null,
        failedBefore: filter.failedBefore?.toISOString() ?? null,
      }
      const after = decodePosition(filters, cursor, position)
      const rows = await queuesService.listFailed({ queue, ...filter, after, limit: limit + 1 })
      if (rows.length === 0) await queuesService.requireQueue(queue)
      const page = toPage(filters, limit, rows, (row) => row.position)
      return { ...page, data: page.data.map(toFailed) }
    },
  )

  app.get(
    '/queues/:queue/jobs/:id',
    {
      config,
      schema: {
        tags,
        summary: 'A job with its payload',
        params: jobParams,
        response: { 200: jobSchema },
      },
    },
    ({ params: { queue, id } }) => queuesService.getJob(queue, id),
  )

  app.get(
    '/schedule',
    {
      config,
      schema: { tags, summary: 'Scheduled jobs and their last runs', response: { 200: schedulePage } },
    },
    async () => ({ data: await queuesService.listLastRuns(), meta: { nextCursor: null } }),
  )

  done()
}
