import type { FastifyBaseLogger } from 'fastify'
import { ReplyError } from 'ioredis'

/** Keeps people from waiting for a Redis that did not answer the one before. */
export interface Circuit {
  /** @returns undefined when the work was not tried or has failed; it never rejects */
  readonly attempt: <T extends object>(work: () => Promise<T>) => Promise<T | undefined>
  /** From a failure until somebody has had an answer again. */
  readonly isOpen: () => boolean
}

/** After a failure nobody asks for so long; then one does, and the others wait for how he fares. */
export const createCircuit = (pauseMs: number, logger: FastifyBaseLogger): Circuit => {
  let pausedUntil: number | undefined
  let isProbing = false

  return {
    isOpen: () => pausedUntil !== undefined,
    attempt: async (work) => {
      const isProbe = pausedUntil !== undefined
      if (isProbe && (isProbing || performance.now() < (pausedUntil ?? 0))) return undefined
      isProbing ||= isProbe
      try {
        const result = await work()
        // What was asked before the failure, and is answered after it, says nothing of now.
        if (isProbe) pausedUntil = undefined
        return result
      } catch (error) {
        logger.debug({ err: error }, 'cache bypassed')
        // A server that refuses a command, for it is full, is not away: it goes on answering others.
        if (error instanceof ReplyError) return undefined
        pausedUntil = performance.now() + pauseMs
        return undefined
      } finally {
        if (isProbe) isProbing = false
      }
    },
  }
}
