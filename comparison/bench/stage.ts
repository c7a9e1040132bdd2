import { chmodSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import postgres from 'postgres'
import { createSecretKey, createSigningKeys } from '../../dev/keys.js'
import { migrate } from '../../dev/launch/programs.js'
import { hashPassword } from '../../dev/seed/password.js'
import { createProgressBar } from '../../dev/seed/progress-bar.js'
import { seed } from '../../dev/seed/seed.js'
import type { Sizes } from '../../dev/seed/sizes.js'
import { ensureDatabase } from '../../dev/stack/databases.js'
import { discard } from '../../dev/stack/discard.js'
import { claimLedger, endRecorded } from '../../dev/stack/ledger.js'
import { startPostgres } from '../../dev/stack/postgres.js'
import { startRedis } from '../../dev/stack/redis.js'
import { startGuard } from '../../dev/stack/watch.js'
import { findPinning, type Pinning } from './cores.js'

export const PASSWORD = 'correct horse battery staple'
export const POOL_MAX = 10
/** Callers, each with a token, a profile and orders of his own. */
const BUYERS = 50
/** So many pieces of each product that none of them runs out. */
const STOCK = 1_000_000_000

export const SIZES = {
  full: { users: 10_000, products: 2_000, orders: 100_000 },
  quick: { users: 2_000, products: 500, orders: 20_000 },
} as const satisfies Record<string, Sizes>

export interface Buyer {
  readonly id: string
  readonly email: string
  /** What the first line of the buyer's order list shows. */
  readonly newestOrderId: string
}

/** One Postgres and one Redis with the data that all candidates work on. */
export interface Stage {
  /** The Node that the candidates run on. */
  readonly node: string
  readonly pinning: Pinning | undefined
  readonly dir: string
  readonly ledger: string
  readonly databaseUrl: string
  readonly redisUrl: string
  readonly sql: postgres.Sql
  readonly redis: Redis
  readonly jwtKeys: string
  readonly webhookKeys: string
  readonly buyers: readonly Buyer[]
  readonly productIds: readonly string[]
  /** Ends everything and removes the files. */
  readonly close: () => Promise<void>
}

const fill = async (sql: postgres.Sql, sizes: Sizes): Promise<void> => {
  const bar = createProgressBar(process.stderr)
  const passwordHash = await hashPassword(PASSWORD)
  await seed(sql, sizes, { passwordHash, onProgress: bar.show }).finally(bar.clear)
  await sql`update products set stock = ${STOCK}`
  await sql`vacuum (analyze) products`
}

/** Those with the most orders, so that a page of orders is full. */
const findBuyers = (sql: postgres.Sql) => sql<Buyer[]>`
  select id, email, newest::text as "newestOrderId" from users, lateral (
    select count(*) as orders, max(orders.id::text) as newest from orders where user_id = users.id) theirs
  where role = 'user' order by theirs.orders desc, id limit ${BUYERS}`

/** Of those that are for sale, in the currency that most have: an order is in one currency. */
const findProductIds = async (sql: postgres.Sql): Promise<string[]> => {
  const products = await sql<{ id: string }[]>`select id from products
    where deleted_at is null and price_currency = (
      select price_currency from products group by 1 order by count(*) desc limit 1)`
  return products.map(({ id }) => id)
}

/** Durable, as in production: a commit waits for the disk, for whomever it is. */
const startServices = async (dir: string, ledger: string) => {
  const options = { durable: true, ledger }
  const [{ url: server }, { url: redisUrl }] = await Promise.all([
    startPostgres({ ...options, dir: join(dir, 'postgres') }),
    startRedis({ ...options, dir: join(dir, 'redis') }),
  ])
  const databaseUrl = await ensureDatabase(server, 'compare')
  await migrate({ ...process.env, DATABASE_URL: databaseUrl }, ledger)
  return { databaseUrl, redisUrl }
}

const createArea = (): { readonly dir: string; readonly ledger: string } => {
  const dir = mkdtempSync(join(tmpdir(), 'unnest-compare-'))
  // As root, user postgres must get through to the cluster.
  chmodSync(dir, 0o711)
  return { dir, ledger: claimLedger(join(dir, 'run')) }
}

/** Starts the services and fills them; our own programs must have been built. */
export const openStage = async (node: string, sizes: Sizes): Promise<Stage> => {
  const { dir, ledger } = createArea()
  startGuard(ledger, dir)
  const closings = [() => endRecorded(ledger), async () => discard(dir)]
  const close = async (): Promise<void> => {
    for (const closing of closings) await closing()
  }
  try {
    const { databaseUrl, redisUrl } = await startServices(dir, ledger)
    const sql = postgres(databaseUrl, { max: 2, onnotice: () => {} })
    const redis = new Redis(redisUrl)
    closings.unshift(
      () => sql.end({ timeout: 2 }),
      async () => redis.disconnect(),
    )
    await fill(sql, sizes)
    return {
      ...{ node, pinning: findPinning(), dir, ledger, databaseUrl, redisUrl, sql, redis, close },
      jwtKeys: JSON.stringify(createSigningKeys()),
      webhookKeys: createSecretKey(),
      buyers: await findBuyers(sql),
      productIds: await findProductIds(sql),
    }
  } catch (error) {
    await close()
    throw error
  }
}
