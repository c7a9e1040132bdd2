import type { FastifyInstance } from 'fastify'
import { LOOK_EVERY_MS } from '../limits/shedding.js'

/** Tells `look` how late the event loop is, until the app closes. */
export const watchLoop = (app: FastifyInstance, look: (lateMs: number) => void): void => {
  let due = 0
  let timer: NodeJS.Timeout | undefined
  app.addHook('onReady', async () => {
    due = performance.now() + LOOK_EVERY_MS
    timer = setInterval(() => {
      const now = performance.now()
      look(Math.max(0, now - due))
      due = now + LOOK_EVERY_MS
    }, LOOK_EVERY_MS).unref()
  })
  app.addHook('onClose', async () => clearInterval(timer))
}
