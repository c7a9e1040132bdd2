import { randomBytes } from 'node:crypto'
import { Redis } from 'ioredis'
import postgres from 'postgres'
import { build } from '../build.js'
import { createSecretKey, createSigningKeys } from '../keys.js'
import { migrate, startBuilt, untilAnswering } from '../launch/programs.js'
import { recreateDatabase } from '../stack/databases.js'
import { freePort } from '../stack/ports.js'
import { waitUntil } from '../stack/processes.js'
import { inTestArea, startTestServices, type TestArea } from '../testing/services.js'
import { writeMails } from './queue/outbox.js'

/**
 * What Redis needs memory for: `npm run bench:memory`. Real processes fill it with many of one kind, one kind after the other, and
 * what it says of its memory before and after is told for each of them.
 */

const MANY = 2_000
const AT_ONCE = 20
const WAIT_LIMIT_MS = 60_000
const ADMIN = { ADMIN_EMAIL: 'admin@example.com', ADMIN_PASSWORD: 'correct horse battery' }

type Ask = (path: string) => Promise<unknown>

const askAll = async (paths: readonly string[], ask: Ask): Promise<void> => {
  const left = [...paths]
  const work = async () => {
    for (let path = left.pop(); path !== undefined; path = left.pop()) await ask(path)
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work))
}

/** Two processes as in production; the worker hands jobs over and works on none of their queue. */
const startProcesses = async (urls: Record<string, string>, { ledger, dir }: TestArea): Promise<string> => {
  const env = {
    ...process.env,
    ...urls,
    NODE_ENV: 'production',
    LOG_LEVEL: 'error',
    METRICS_PORT: '0',
    DATA_DIR: dir,
    TRUST_PROXY: '127.0.0.1',
    RATE_LIMIT_PER_MINUTE: '1000000',
    JWT_PRIVATE_KEYS: JSON.stringify(createSigningKeys()),
    WEBHOOK_SECRET_KEYS: createSecretKey(),
    PORT: String(await freePort()),
  }
  const common = { ledger, graceMs: 5_000, onLine: console.error }
  const [api] = await Promise.all([
    startBuilt({ ...common, name: 'API', script: 'server.js', env }),
    startBuilt({ ...common, name: 'worker', script: 'worker.js', env: { ...env, WORKER_QUEUES: 'uploads' } }),
  ])
  const url = `http://127.0.0.1:${env.PORT}`
  await untilAnswering(`${url}/readyz`, api.ended)
  return url
}

const logIn = async (url: string): Promise<string> => {
  const { ADMIN_EMAIL: email, ADMIN_PASSWORD: password } = ADMIN
  const response = await fetch(`${url}/v1/auth/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email, password }),
  })
  const { data } = (await response.json()) as { data: { accessToken: string } }
  return data.accessToken
}

const fillTables = async (sql: postgres.Sql) => {
  await sql`insert into users (id, email, name, password_hash)
    select gen_random_uuid(), 'user' || n || '@example.com', 'Ada Lovelace', '' from generate_series(1, ${MANY}) n`
  await sql`insert into products (id, sku, name, description, price_amount, price_currency, stock)
    select gen_random_uuid(), 'sku-' || n, 'Enamel mug ' || n, repeat('Holds 300 ml. ', 10), 1999, 'EUR', 10
    from generate_series(1, ${MANY}) n`
  const users = await sql<{ id: string }[]>`select id from users limit ${MANY}`
  const products = await sql<{ id: string }[]>`select id from products limit ${MANY}`
  return { users: users.map(({ id }) => id), products: products.map(({ id }) => id) }
}

const measure = async (area: TestArea): Promise<void> => {
  const [services] = await Promise.all([startTestServices(area), build()])
  const databaseUrl = await recreateDatabase(services.databaseUrl, 'bench')
  await migrate({ ...process.env, ...ADMIN, DATABASE_URL: databaseUrl }, area.ledger)
  const url = await startProcesses({ DATABASE_URL: databaseUrl, REDIS_URL: services.redisUrl }, area)
  const sql = postgres(databaseUrl, { max: 1, onnotice: () => {} })
  const redis = new Redis(services.redisUrl)
  try {
    const { users, products } = await fillTables(sql)
    const authorization = `Bearer ${await logIn(url)}`
    const askWith = async (path: string, headers: Record<string, string>) => {
      const response = await fetch(`${url}${path}`, { headers })
      await response.arrayBuffer()
      if (response.status !== 200) throw new Error(`${path} was answered with ${response.status}`)
    }
    const ask: Ask = (path) => askWith(path, { authorization })
    const askAsStranger: Ask = (path) => askWith(path, { 'x-forwarded-for': addressOf() })
    const usedBytes = async () => Number(/^used_memory:(\d+)/m.exec(await redis.info('memory'))?.[1])
    const tell = async (name: string, fill: () => Promise<unknown>): Promise<void> => {
      const [bytes, keys] = [await usedBytes(), await redis.dbsize()]
      await fill()
      const each = ((await usedBytes()) - bytes) / MANY
      const added = ((await redis.dbsize()) - keys) / MANY
      console.log(
        `${name.padEnd(36)} ${Math.round(each).toString().padStart(6)} bytes, ${added.toFixed(1)} keys`,
      )
    }
    const pages = Array.from({ length: MANY }, (_, n) => `/v1/products?limit=20&minPrice=${n}`)
    await tell('a cached profile', () =>
      askAll(
        users.map((id) => `/v1/users/${id}`),
        ask,
      ),
    )
    await tell('a cached product', () =>
      askAll(
        products.map((id) => `/v1/products/${id}`),
        ask,
      ),
    )
    await tell('a cached page of 20 products', () => askAll(pages, ask))
    await tell('an address with requests counted', () =>
      askAll(
        products.map((id) => `/v1/products/${id}`),
        askAsStranger,
      ),
    )
    await tell('a job that waits', () => handOver(sql, redis))
  } finally {
    redis.disconnect()
    await sql.end()
  }
}

const addressOf = (): string => `10.${[...randomBytes(3)].join('.')}`

const handOver = async (sql: postgres.Sql, redis: Redis): Promise<void> => {
  await writeMails(sql, MANY)
  const isThere = async () => (await redis.llen('unnest:jobs:mail:wait')) >= MANY
  if (!(await waitUntil(isThere, WAIT_LIMIT_MS))) throw new Error('the jobs were not handed over in time')
}

await inTestArea(measure)
