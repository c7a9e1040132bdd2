import { chmodSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import postgres from 'postgres'
import { createSecretKey, createSigningKeys } from '../keys.js'
import { migrate } from '../launch/programs.js'
import { hashPassword } from '../seed/password.js'
import { seed } from '../seed/seed.js'
import { ensureDatabase } from '../stack/databases.js'
import { discard } from '../stack/discard.js'
import { claimLedger, endRecorded } from '../stack/ledger.js'
import { freePort } from '../stack/ports.js'
import { startPostgres } from '../stack/postgres.js'
import { startRedis } from '../stack/redis.js'
import { startGuard } from '../stack/watch.js'
import { startHaproxy } from './haproxy.js'
import { createPod, createWorker, type Member, untilReady } from './pods.js'

export const PASSWORD = 'correct horse battery staple'
const SIZES = { users: 200, products: 100, orders: 1_000 }
const UNLIMITED = '1000000'
/** More than two failed checks of the balancer take. */
const DRAIN_MS = '1000'

/** A server that can be stopped and come back in its place. */
interface Service {
  readonly pid: number
  readonly stop: () => Promise<void>
}

const createArea = () => {
  const dir = mkdtempSync(join(tmpdir(), 'unnest-fleet-'))
  // As root, user postgres must get through to the cluster.
  chmodSync(dir, 0o711)
  return { dir, ledger: claimLedger(join(dir, 'run')) }
}

const fill = async (databaseUrl: string): Promise<void> => {
  const sql = postgres(databaseUrl, { max: 2, onnotice: () => {} })
  try {
    await seed(sql, SIZES, { passwordHash: await hashPassword(PASSWORD), onProgress: () => {} })
    await sql`update products set stock = 1000000000`
  } finally {
    await sql.end({ timeout: 2 })
  }
}

const startServices = async (dir: string, ledger: string) => {
  const [postgresPort, redisPort] = [await freePort(), await freePort()]
  const startDatabase = () =>
    startPostgres({ dir: join(dir, 'postgres'), port: postgresPort, durable: true, ledger })
  const startCache = () => startRedis({ dir: join(dir, 'redis'), port: redisPort, durable: true, ledger })
  const [database, cache] = await Promise.all([startDatabase(), startCache()])
  const databaseUrl = await ensureDatabase(database.url, 'fleet')
  await migrate({ ...process.env, DATABASE_URL: databaseUrl }, ledger)
  await fill(databaseUrl)
  const running: { database: Service; redis: Service } = { database, redis: cache }
  return { databaseUrl, redisUrl: cache.url, running, startDatabase, startCache }
}

const startMembers = async (dir: string, ledger: string, urls: { databaseUrl: string; redisUrl: string }) => {
  const env = {
    ...{ PATH: process.env['PATH'], NODE_ENV: 'production', LOG_LEVEL: 'error', DATA_DIR: join(dir, 'data') },
    ...{ DATABASE_URL: urls.databaseUrl, REDIS_URL: urls.redisUrl, READINESS_DRAIN_MS: DRAIN_MS },
    ...{ JWT_PRIVATE_KEYS: JSON.stringify(createSigningKeys()), WEBHOOK_SECRET_KEYS: createSecretKey() },
    ...{ RATE_LIMIT_PER_MINUTE: UNLIMITED, RATE_LIMIT_LOGINS_PER_ADDRESS: UNLIMITED },
  }
  const places = []
  for (let n = 0; n < 3; n += 1) places.push({ port: await freePort(), healthPort: await freePort() })
  const pods = places.map((place, n) => createPod(n, env, place, ledger))
  const workers = [0, 1].map(async (n) => createWorker(n, env, await freePort(), ledger))
  const members: { pods: Member[]; workers: Member[] } = { pods, workers: await Promise.all(workers) }
  for (const one of [...members.pods, ...members.workers]) await one.start()
  const port = await freePort()
  await startHaproxy(dir, ledger, port, places)
  const url = `http://127.0.0.1:${port}`
  await untilReady(`${url}/livez`, 'haproxy')
  return { ...members, url }
}

/** Postgres, Redis, three API pods and two workers behind a balancer; `close` ends all of it. */
export const openStage = async () => {
  const { dir, ledger } = createArea()
  startGuard(ledger, dir)
  const close = async (): Promise<void> => {
    await endRecorded(ledger)
    discard(dir)
  }
  try {
    const services = await startServices(dir, ledger)
    return { ...services, ...(await startMembers(dir, ledger, services)), dir, ledger, close }
  } catch (error) {
    await close()
    throw error
  }
}

export type Stage = Awaited<ReturnType<typeof openStage>>
