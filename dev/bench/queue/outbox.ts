import { randomBytes } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import postgres from 'postgres'
import { startBuilt } from '../../launch/programs.js'
import type { TestArea, TestServices } from '../../testing/services.js'
import { CONCURRENCY } from './plain.js'

const USERS = 1_000
/** Of a transaction: they are worked on while the next ones are written, as plain jobs are while others are added. */
const WRITTEN_AT_ONCE = 500
const LIMIT_MS = 120_000
const LOOK_EVERY_MS = 25

export interface Scene {
  readonly sql: postgres.Sql
  readonly workerPid: number
  readonly stop: () => Promise<void>
}

/** A database with some users, and one worker process on it whose mails go nowhere. */
export const startScene = async (
  services: Pick<TestServices, 'databaseUrl' | 'redisUrl'>,
  { ledger, dir }: TestArea,
): Promise<Scene> => {
  const sql = postgres(services.databaseUrl, { max: 1, onnotice: () => {} })
  await sql`insert into users (id, email, name, password_hash)
    select gen_random_uuid(), 'user' || n || '@example.com', 'Ada', '' from generate_series(1, ${USERS}) n`
  let ready = false
  const worker = await startBuilt({
    name: 'worker',
    script: 'worker.js',
    env: {
      ...process.env,
      NODE_ENV: 'production',
      LOG_LEVEL: 'warn',
      DATABASE_URL: services.databaseUrl,
      REDIS_URL: services.redisUrl,
      REDIS_PREFIX: 'bench',
      METRICS_PORT: '0',
      WEBHOOK_SECRET_KEYS: randomBytes(32).toString('base64'),
      DATA_DIR: dir,
      SMTP_URL: 'discard:',
      WORKER_CONCURRENCY: `mail=${CONCURRENCY}`,
    },
    graceMs: 5_000,
    ledger,
    onLine: console.error,
    onReady: () => {
      ready = true
    },
  })
  const until = Date.now() + LIMIT_MS
  while (!ready && Date.now() < until) await wait(LOOK_EVERY_MS)
  const stop = async (): Promise<void> => {
    worker.child.kill('SIGTERM')
    await worker.ended
    await sql.end()
  }
  return { sql, workerPid: worker.pid, stop }
}

/** Writes so many mails into the outbox, of different users; there must be as many. */
export const writeMails = async (sql: postgres.Sql, count: number): Promise<void> => {
  await sql`insert into outbox (id, name, version, queue, key, payload)
    select gen_random_uuid(), 'send-password-changed', 1, 'mail', 'send-password-changed-' || gen_random_uuid(),
      jsonb_build_object('userId', users.id, 'change', gen_random_uuid())
    from users limit ${count}`
}

/** Writes so many mails into the outbox and waits for their rows to be closed. @returns jobs per second */
export const runOutbox = async ({ sql }: Scene, jobs: number): Promise<number> => {
  const begun = performance.now()
  for (let written = 0; written < jobs; written += WRITTEN_AT_ONCE) {
    await writeMails(sql, Math.min(WRITTEN_AT_ONCE, jobs - written))
  }
  const until = Date.now() + LIMIT_MS
  for (;;) {
    const open = await sql`select 1 from outbox where closed_at is null limit 1`
    if (open.length === 0) break
    if (Date.now() > until) throw new Error('the outbox was not done with in time')
    await wait(LOOK_EVERY_MS)
  }
  const seconds = (performance.now() - begun) / 1_000
  const [row] = await sql`select count(*)::int as failed from outbox where failure is not null`
  if (row?.['failed'] !== 0) throw new Error(`${row?.['failed']} jobs failed`)
  return jobs / seconds
}
