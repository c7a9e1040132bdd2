import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { unavailable } from '../errors.js'

const statusSchema = z.object({ status: z.literal('ok') })
const ok = { status: 'ok' } as const

const route = (summary: string) => ({
  config: { access: 'public' as const, generalLimit: false as const, priority: 'high' as const },
  schema: { tags: ['health'], summary, response: { 200: statusSchema } },
})

/**
 * `/livez` says that the event loop turns, `/readyz` that this pod wants traffic: it can reach Postgres
 * and is not draining. Redis is not asked, since reads and writes go on without it.
 * @param checkReady rejects with the reason why not
 */
export const registerHealth = (app: FastifyInstance, checkReady: () => Promise<void>): void => {
  app.get('/livez', route('Liveness'), () => ok)

  app.get('/readyz', route('Readiness'), async () => {
    await checkReady().catch((cause: Error) => {
      throw unavailable({ detail: cause.message, cause })
    })
    return ok
  })
}
