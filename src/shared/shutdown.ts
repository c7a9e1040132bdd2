import closeWithGrace from 'close-with-grace'
import type { Logger } from './telemetry/logger.js'

/** One thing to close: its name is what the operator reads when it fails or hangs. */
export interface ShutdownStep {
  readonly name: string
  readonly close: () => Promise<unknown>
}

export interface ShutdownOptions {
  readonly logger: Logger
  /** Milliseconds that all steps may take together; then the process exits with 1. */
  readonly graceMs: number
  /** In the order they run: stop taking work in, finish it, then close what it was done with. */
  readonly steps: readonly ShutdownStep[]
}

/**
 * Closes the steps one after the other. A step that fails is logged and the next one still runs: a pool
 * that is left open because Redis would not say goodbye is worse than either alone.
 * @returns whether every step closed without an error.
 */
export const closeInOrder = async (steps: readonly ShutdownStep[], logger: Logger): Promise<boolean> => {
  let clean = true
  for (const { name, close } of steps) {
    try {
      await close()
      logger.debug({ step: name }, 'closed')
    } catch (error) {
      clean = false
      logger.error({ step: name, err: error }, 'could not be closed')
    }
  }
  return clean
}

const SIGNALS = ['SIGTERM', 'SIGINT'] as const

/** The library takes the first signal after an error for the second one, and would cut off what is in hand. */
const forgiveOneSignal = (logger: Logger): void => {
  const exits = SIGNALS.map((signal) => ({ signal, listeners: process.listeners(signal) }))
  const forgive = (sent: NodeJS.Signals): void => {
    logger.info({ signal: sent }, 'shutting down already')
    for (const { signal, listeners } of exits) {
      process.removeListener(signal, forgive)
      for (const listener of listeners) process.on(signal, listener)
    }
  }
  for (const { signal } of exits) process.removeAllListeners(signal).on(signal, forgive)
}

/**
 * Runs the steps once on SIGTERM, SIGINT and on an unhandled error, which also makes the exit code 1: a
 * process in an unknown state is drained and replaced, not kept. A second signal exits at once; another error does not,
 * since what is in hand has no part in it.
 */
export const closeOnSignal = ({ logger, graceMs, steps }: ShutdownOptions): void => {
  let isClosing = false
  let hasFailed = false
  const { close } = closeWithGrace(
    {
      // Left to the library, an error that comes while it closes exits at once.
      skip: ['uncaughtException', 'unhandledRejection'],
      // close-with-grace reads 0 as "at once"; a tick is the least that closing can take.
      delay: Math.max(graceMs, 1),
      logger: false,
      onTimeout: (ms) => logger.fatal({ ms }, 'could not shut down in time'),
      onSecondSignal: (signal) => logger.fatal({ signal }, 'second signal, exiting at once'),
    },
    async ({ signal }) => {
      isClosing = true
      if (!hasFailed) logger.info({ signal }, 'shutting down')
      const clean = await closeInOrder(steps, logger)
      logger.info('bye')
      if (!clean || hasFailed) throw new Error('it did not end well')
    },
  )
  const onError = (err: unknown): void => {
    logger.fatal({ err }, 'unhandled error, shutting down')
    hasFailed = true
    if (isClosing) return
    void close()
    forgiveOneSignal(logger)
  }
  process.on('uncaughtException', onError).on('unhandledRejection', onError)
}
