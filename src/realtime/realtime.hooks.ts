import type { onRequestHookHandler } from 'fastify'
import { originNotAllowed } from './realtime.errors.js'

/** Refuses pages of other origins. A page says where it is from and cannot say otherwise; whoever says nothing is no page. */
export const requireOrigin =
  (allowed: readonly string[]): onRequestHookHandler =>
  ({ headers: { origin } }, _reply, done) => {
    if (origin === undefined || allowed.includes(origin)) done()
    else done(originNotAllowed())
  }
