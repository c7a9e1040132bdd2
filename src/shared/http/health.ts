import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import type { Database } from '../database/client.js'
import { pingDatabase } from '../database/ping.js'
import { unavailable } from '../errors.js'

const DATABASE_TIMEOUT_MS = 1_000

export interface HealthNeeds {
  readonly database: Database
  readonly isDraining: () => boolean
}

const statusSchema = z.object({ status: z.literal('ok') })
const ok = { status: 'ok' } as const

const route = (summary: string) => ({
  config: { access: 'public' as const, generalLimit: false as const },
  schema: { tags: ['health'], summary, response: { 200: statusSchema } },
})

/**
 * `/livez` says that the event loop turns, `/readyz` that this pod wants traffic: it can reach Postgres
 * and is not draining. Redis is not asked, since reads and writes go on without it.
 */
export const registerHealth = (app: FastifyInstance, { database, isDraining }: HealthNeeds): void => {
  app.get('/livez', route('Liveness'), () => ok)

  app.get('/readyz', route('Readiness'), async () => {
    if (isDraining()) throw unavailable({ detail: 'This pod is shutting down.' })
    try {
      await pingDatabase(database, DATABASE_TIMEOUT_MS)
    } catch (cause) {
      throw unavailable({ detail: 'This pod cannot reach its database.', cause })
    }
    return ok
  })
}
