import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../../dev/stack/ports.js'
import { type RunningRedis, startRedis } from '../../dev/stack/redis.js'
import type { Test } from './environment.js'

/** A Redis of one test's own, which comes and goes as the test wants, always at the same address. */
export interface PrivateRedis {
  readonly url: string
  /** Starts it: with what it had when it was last told to SAVE, or empty. */
  readonly start: () => Promise<void>
  readonly stop: () => Promise<void>
  /** Keeps its connections and says nothing on them any more. */
  readonly freeze: () => void
  readonly thaw: () => void
}

export const createPrivateRedis = async (t: Test): Promise<PrivateRedis> => {
  const dir = mkdtempSync(join(tmpdir(), 'unnest-redis-'))
  const port = await freePort()
  let running: RunningRedis | undefined
  const signal = (name: NodeJS.Signals) => {
    if (running) process.kill(running.pid, name)
  }
  const stop = async () => {
    signal('SIGCONT')
    await running?.stop()
    running = undefined
  }
  t.teardown(async () => {
    await stop()
    rmSync(dir, { recursive: true, force: true })
  })
  return {
    url: `redis://127.0.0.1:${port}`,
    start: async () => {
      running = await startRedis({ dir, port, durable: false, ledger: process.env['TEST_LEDGER'] })
    },
    stop,
    freeze: () => signal('SIGSTOP'),
    thaw: () => signal('SIGCONT'),
  }
}
