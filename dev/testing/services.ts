import { chmodSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { migrate } from '../launch/programs.js'
import { recreateDatabase } from '../stack/databases.js'
import { discard } from '../stack/discard.js'
import { claimLedger, endRecorded } from '../stack/ledger.js'
import { startPostgres } from '../stack/postgres.js'
import { startRedis } from '../stack/redis.js'
import { startGuard } from '../stack/watch.js'

/** What a test run needs besides the code; all of it is gone afterwards. */
export interface TestArea {
  readonly dir: string
  readonly ledger: string
  /** Removes the files. The processes must have ended. */
  readonly discard: () => void
}

export interface TestServices {
  readonly databaseUrl: string
  readonly redisUrl: string
  readonly template: string
}

/** Tests clone it, which is faster than migrating a database for each of them. */
const TEMPLATE = 'unnest_template'

export const createTestArea = (): TestArea => {
  const dir = mkdtempSync(join(tmpdir(), 'unnest-test-'))
  // As root, user postgres must get through to the cluster.
  chmodSync(dir, 0o711)
  return {
    dir,
    ledger: claimLedger(join(dir, 'run')),
    discard: () => discard(dir),
  }
}

/** Runs `work` in an area of its own, whose processes end and whose files go with it, or with whoever kills this process. */
export const inTestArea = async (work: (area: TestArea) => Promise<void>): Promise<void> => {
  const area = createTestArea()
  startGuard(area.ledger, area.dir)
  try {
    await work(area)
  } finally {
    await endRecorded(area.ledger)
    area.discard()
  }
}

/** Starts a forgetful Postgres and Redis; TEST_DATABASE_URL and TEST_REDIS_URL name others instead. */
export const startTestServices = async ({
  dir,
  ledger,
}: TestArea): Promise<Omit<TestServices, 'template'>> => {
  const { TEST_DATABASE_URL, TEST_REDIS_URL } = process.env
  const options = { durable: false, ledger }
  const [databaseUrl, redisUrl] = await Promise.all([
    TEST_DATABASE_URL || startPostgres({ ...options, dir: join(dir, 'postgres') }).then(({ url }) => url),
    TEST_REDIS_URL || startRedis({ ...options, dir: join(dir, 'redis') }).then(({ url }) => url),
  ])
  return { databaseUrl, redisUrl }
}

/** Makes the template database with the built migrate.js, so that the tests see what production gets. */
export const migrateTemplate = async (databaseUrl: string, { ledger }: TestArea): Promise<string> => {
  const url = await recreateDatabase(databaseUrl, TEMPLATE)
  await migrate({ ...process.env, DATABASE_URL: url }, ledger)
  return TEMPLATE
}
