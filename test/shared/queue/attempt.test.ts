import { randomUUID } from 'node:crypto'
import { sql as query } from 'drizzle-orm'
import t, { type Test as TapTest } from 'tap'
import { z } from 'zod'
import { connectDatabase, type Transaction } from '../../../src/shared/database/client.js'
import type { Claim } from '../../../src/shared/database/outbox-claims.js'
import { attemptJob } from '../../../src/shared/queue/attempt.js'
import { defineJob } from '../../../src/shared/queue/contract.js'
import { handleInTransaction } from '../../../src/shared/queue/handler.js'
import { createTries } from '../../../src/shared/queue/tries.js'
import { createTestDatabase } from '../../support/database.js'
import { until } from '../../support/until.js'

const LEASE_MS = 60_000

/** One job whose effect is a row, and two workers that may have it. `before` is what its work does first. */
const setUp = async (
  t: TapTest,
  timeoutMs: number,
  before: (transaction: Transaction) => Promise<unknown>,
) => {
  const { url, sql } = await createTestDatabase(t)
  await sql`create table effects (claim text)`
  const id = randomUUID()
  await sql`insert into outbox (id, name, version, key, payload) values (${id}, 'job', 1, 'key', '{}')`
  const { database, close } = connectDatabase({ url, poolMax: 4, applicationName: 'test' })
  t.teardown(close)
  const tries = createTries(database)
  const contract = defineJob({
    name: 'job',
    queue: 'events',
    payload: z.object({}),
    key: () => 'key',
    timeoutMs,
  })
  const claim = () => tries.claim({ id, round: 1, claimId: randomUUID(), leaseMs: LEASE_MS, takeOver: true })
  const attempt = (claim: Claim | undefined) => {
    if (!claim) throw new Error('there is no claim')
    const handler = handleInTransaction(contract, async (_payload, { transaction }) => {
      await before(transaction)
      await transaction.execute(query`insert into effects values (${claim.claimId})`)
    })
    return attemptJob(handler, { claim, stop: new AbortController() }, { database, tries })
  }
  const effects = async () => (await sql`select claim from effects`).map(({ claim }) => claim)
  const row = async () => (await sql`select closed_at, round, attempts from outbox`)[0]
  return { tries, claim, attempt, effects, row }
}

t.test('whoever was overtaken before has no effect', async (t) => {
  const { claim, attempt, effects } = await setUp(t, 10_000, async () => {})
  const [slow, quick] = [await claim(), await claim()]
  t.equal((await attempt(slow)).kind, 'lost')
  t.strictSame(await effects(), [])
  t.equal((await attempt(quick)).kind, 'done')
  t.equal((await attempt(slow)).kind, 'lost')
  t.strictSame(await effects(), [quick?.claimId])
})

t.test('whoever would take over in the middle waits, and finds it done', async (t) => {
  let [began, goOn] = [false, () => {}]
  const resting = new Promise<void>((resolve) => {
    goOn = resolve
  })
  const { claim, attempt, effects } = await setUp(t, 10_000, () => {
    began = true
    return resting
  })
  const first = await claim()
  const attempting = attempt(first)
  await until('the work to begin', () => began)
  const other = claim()
  goOn()
  t.equal((await attempting).kind, 'done')
  t.equal(await other, undefined)
  t.strictSame(await effects(), [first?.claimId])
})

t.test('a try whose time is over has no effect, whatever its work does after that', async (t) => {
  let [goOn, ended] = [() => {}, false]
  const resting = new Promise<void>((resolve) => {
    goOn = resolve
  })
  const { tries, claim, attempt, effects, row } = await setUp(t, 200, async (transaction) => {
    await resting
    await transaction.execute(query`select 1`)
    ended = true
  })
  const held = await claim()
  const outcome = await attempt(held)
  t.match(outcome, { kind: 'retry', counted: true, reason: 'job took longer than 200 ms' })
  goOn()
  await until('the work to end', () => ended)
  if (held) t.ok(await tries.putBack(held, { delayMs: 0, counted: true, error: 'slow' }))
  t.match(await row(), { closed_at: null, round: 2, attempts: 1 })
  t.strictSame(await effects(), [])
})
