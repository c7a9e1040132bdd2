import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis, type RedisOptions } from 'ioredis'
import { freePort } from '../../dev/stack/ports.js'
import { findRedisServer } from '../../dev/stack/redis-server.js'
import { startProgram } from '../../dev/stack/spawn.js'
import type { Test } from './environment.js'
import { until } from './until.js'

/** The first that names its cluster port, and adds ranges of slots. */
const OLDEST = 7
const GRACE_MS = 5_000
/** The launcher has told what it had to, when it started the first. */
const ignore = (): void => {}

/** One server among several, or a Sentinel. */
export interface RedisNode {
  readonly port: number
  readonly client: Redis
  /** As a machine that is lost: at once, and nothing is said. */
  readonly kill: () => Promise<void>
  /** Keeps its connections and says nothing on them any more. */
  readonly freeze: () => void
  readonly thaw: () => void
}

export interface NodeSettings {
  readonly port?: number
  /** Lines of its configuration file. */
  readonly config: readonly string[]
  readonly args?: readonly string[]
  /** How to reach it, beyond its port. */
  readonly client?: Pick<RedisOptions, 'username' | 'password' | 'tls' | 'enableReadyCheck'>
}

/** @returns why this machine's server cannot stand here, or false */
export const tooOldForForms = async (): Promise<string | false> => {
  const version = execFileSync(await findRedisServer(ignore), ['--version']).toString()
  const major = Number(/v=(\d+)/.exec(version)?.[1] ?? 0)
  return major < OLDEST && `needs redis-server ${OLDEST} or newer, here is ${version.trim()}`
}

/** Starts a server by its configuration file, which it may write to, and waits until it answers. */
export const startRedisNode = async (t: Test, settings: NodeSettings): Promise<RedisNode> => {
  const { port = await freePort(), config, args = [], client: options } = settings
  const dir = mkdtempSync(join(tmpdir(), 'unnest-redis-'))
  const file = join(dir, 'redis.conf')
  mkdirSync(join(dir, 'data'))
  writeFileSync(file, ['bind 127.0.0.1', `dir ${join(dir, 'data')}`, ...config, ''].join('\n'))
  const { child, ended } = await startProgram({
    name: 'Redis',
    role: 'redis',
    command: await findRedisServer(ignore),
    args: [file, ...args],
    stdio: 'ignore',
    graceMs: GRACE_MS,
    ledger: process.env['TEST_LEDGER'],
  })
  const client = new Redis({ host: '127.0.0.1', port, maxRetriesPerRequest: 1, ...options })
  // It is killed under its clients.
  client.on('error', () => {})
  const kill = async () => {
    child.kill('SIGKILL')
    await ended
  }
  t.teardown(async () => {
    client.disconnect()
    await kill()
    rmSync(dir, { recursive: true, force: true })
  })
  await until('a Redis to answer', () => client.ping().catch(() => undefined))
  return {
    port,
    client,
    kill,
    freeze: () => child.kill('SIGSTOP'),
    thaw: () => child.kill('SIGCONT'),
  }
}

/** One that keeps nothing on disk and evicts nothing. */
export const dataNode = (port: number, ...config: readonly string[]): NodeSettings => ({
  port,
  config: [`port ${port}`, 'save ""', 'maxmemory-policy noeviction', ...config],
})
