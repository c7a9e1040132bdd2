import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { type RunningRedis, startRedis } from '../../dev/stack/redis.js'
import type { Test } from './environment.js'

export interface OwnRedis extends RunningRedis {
  readonly client: Redis
}

/** A Redis that one test may configure, flush and stop as it likes. */
export const startOwnRedis = async (t: Test): Promise<OwnRedis> => {
  const dir = mkdtempSync(join(tmpdir(), 'unnest-redis-'))
  const running = await startRedis({ dir, durable: false, ledger: process.env['TEST_LEDGER'] })
  const client = new Redis(running.url)
  // It is stopped under its clients.
  client.on('error', () => {})
  t.teardown(async () => {
    client.disconnect()
    await running.stop()
    rmSync(dir, { recursive: true, force: true })
  })
  return { ...running, client }
}
