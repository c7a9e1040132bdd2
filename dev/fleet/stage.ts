import { join } from 'node:path'
import { createSecretKey, createSigningKeys } from '../keys.js'
import { migrate } from '../launch/programs.js'
import { ensureDatabase } from '../stack/databases.js'
import { freePort } from '../stack/ports.js'
import { startPostgres } from '../stack/postgres.js'
import { startRedis } from '../stack/redis.js'
import type { Area } from './area.js'
import { startHaproxy } from './haproxy.js'
import { withSql } from './limits.js'
import { PASSWORD } from './log-ins.js'
import { type MailSink, startMailSink } from './mail-sink.js'
import { createPod, createWorker, type Member, type Place, untilReady } from './members.js'
import { npmRun } from './npm-run.js'
import type { Release } from './releases.js'

const SIZES = ['--users', '200', '--products', '100', '--orders', '1000']
const UNLIMITED = '1000000'
/** More than two failed checks of the balancer take. */
const DRAIN_MS = '1000'
const SEED_LIMIT_MS = 120_000

/** A server that can be stopped and come back in its place. */
interface Service {
  readonly pid: number
  readonly stop: () => Promise<void>
}

/** By the release's own command, for its tables may be others. */
const fill = async (databaseUrl: string, { root }: Release, ledger: string): Promise<void> => {
  const env = { ...process.env, NODE_ENV: 'development', DATABASE_URL: databaseUrl }
  const args = ['run', '-s', 'seed', '--', ...SIZES, '--password', PASSWORD]
  await npmRun({ args, cwd: root, env, ledger, limitMs: SEED_LIMIT_MS })
  await withSql(databaseUrl, async (sql) => {
    await sql`update products set stock = 1000000000`
    await sql`update users set role = 'admin' where id in (
      select id from users where email is not null and disabled_at is null order by id desc limit 1)`
  })
}

const startServices = async ({ dir, ledger }: Area, release: Release) => {
  const [postgresPort, redisPort] = [await freePort(), await freePort()]
  const startDatabase = () =>
    startPostgres({ dir: join(dir, 'postgres'), port: postgresPort, durable: true, ledger })
  const startCache = () => startRedis({ dir: join(dir, 'redis'), port: redisPort, durable: true, ledger })
  const [database, cache] = await Promise.all([startDatabase(), startCache()])
  const databaseUrl = await ensureDatabase(database.url, 'fleet')
  await migrate({ ...process.env, DATABASE_URL: databaseUrl }, ledger, release.root)
  await fill(databaseUrl, release, ledger)
  const running: { database: Service; redis: Service } = { database, redis: cache }
  return { databaseUrl, redisUrl: cache.url, running, startDatabase, startCache }
}

const environmentOf = (dir: string, urls: { databaseUrl: string; redisUrl: string; smtpUrl: string }) => ({
  ...{ PATH: process.env['PATH'], NODE_ENV: 'production', LOG_LEVEL: 'error', DATA_DIR: join(dir, 'data') },
  ...{ DATABASE_URL: urls.databaseUrl, REDIS_URL: urls.redisUrl, READINESS_DRAIN_MS: DRAIN_MS },
  ...{ JWT_PRIVATE_KEYS: JSON.stringify(createSigningKeys()), WEBHOOK_SECRET_KEYS: createSecretKey() },
  ...{ RATE_LIMIT_PER_MINUTE: UNLIMITED, RATE_LIMIT_ACCOUNT_CHANGES: UNLIMITED },
  ...{ RATE_LIMIT_LOGINS_PER_ADDRESS: UNLIMITED, RATE_LIMIT_LOGINS_PER_ACCOUNT: UNLIMITED },
  SMTP_URL: urls.smtpUrl,
})

const startMembers = async (dir: string, place: Place) => {
  const backends = []
  for (let n = 0; n < 3; n += 1) backends.push({ port: await freePort(), healthPort: await freePort() })
  const pods: Member[] = backends.map((backend, n) => createPod(n, place, backend))
  const workers: Member[] = []
  for (let n = 0; n < 2; n += 1) workers.push(createWorker(n, place, await freePort()))
  for (const one of [...pods, ...workers]) await one.start()
  const port = await freePort()
  await startHaproxy(dir, place.ledger, port, backends)
  const url = `http://127.0.0.1:${port}`
  await untilReady(`${url}/livez`, 'haproxy')
  return { pods, workers, url, podUrls: backends.map((backend) => `http://127.0.0.1:${backend.port}`) }
}

const fillStage = async (area: Area, release: Release, mails: MailSink) => {
  const services = await startServices(area, release)
  const env = environmentOf(area.dir, { ...services, smtpUrl: mails.url })
  const members = await startMembers(area.dir, { env, root: release.root, ledger: area.ledger })
  return { ...services, ...members, area, mails }
}

/**
 * Postgres, Redis, a mail server, and a release's three API pods and two workers behind a balancer. `close` ends all of
 * it, the area included.
 */
export const openStage = async (area: Area, release: Release) => {
  const mails = await startMailSink()
  const close = async (): Promise<void> => {
    await area.close()
    await mails.close()
  }
  try {
    return { ...(await fillStage(area, release, mails)), close }
  } catch (error) {
    await close()
    throw error
  }
}

export type Stage = Awaited<ReturnType<typeof openStage>>
