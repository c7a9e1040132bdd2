import { sql as query } from 'drizzle-orm'
import t, { type Test as TapTest } from 'tap'
import { connectDatabase, type Database, type Transaction } from '../../src/shared/database/client.js'
import { isTransientFailure } from '../../src/shared/database/failures.js'
import { createTestDatabase } from '../support/database.js'
import { startProxy } from '../support/proxy.js'
import { until } from '../support/until.js'

/** A pool of one connection, through a proxy: what one transaction leaves behind the next one meets. */
const setUp = async (t: TapTest) => {
  const { url, sql } = await createTestDatabase(t)
  await sql`create table notes (text text)`
  const proxy = await startProxy(t, new URL(url))
  const near = new URL(url)
  near.port = String(proxy.port)
  const { database, close } = connectDatabase({ url: near.href, poolMax: 1, applicationName: 'test' })
  t.teardown(close)
  const notes = async () => [...(await sql`select text from notes`)].map(({ text }) => String(text)).sort()
  const terminate = async () => {
    await until('the connection to be ended', async () => {
      const ended = await sql`select pg_terminate_backend(pid) from pg_stat_activity
        where application_name = 'test' and datname = current_database()`
      return ended.length > 0
    })
  }
  const cut = async () => {
    await proxy.cut()
    await proxy.mend()
  }
  const untilAsleep = () =>
    until('the statement to run', async () => {
      const asleep = await sql`select from pg_stat_activity
        where wait_event = 'PgSleep' and datname = current_database()`
      return asleep.length > 0
    })
  return { database, notes, ways: { terminate, cut }, untilAsleep }
}

const note = (executor: Database | Transaction, text: string) =>
  executor.execute(query`insert into notes values (${text})`)

t.test(
  'a connection that goes in the middle of a statement fails its transaction and no other',
  async (t) => {
    const { database, notes, ways, untilAsleep } = await setUp(t)
    for (const nested of [false, true]) {
      for (const [way, lose] of Object.entries(ways)) {
        const what = `${way}${nested ? ', in a savepoint' : ''}`
        const sleep = (executor: Transaction) => executor.execute(query`select pg_sleep(10)`)
        const lost = database.transaction(async (transaction) => {
          await note(transaction, what)
          const slow = nested ? transaction.transaction(sleep) : sleep(transaction)
          await Promise.all([slow, untilAsleep().then(lose)])
        })
        await t.rejects(lost, what)
        // The driver may tell the first one who comes what ended the connection before: a failure that passes.
        await until('the next transaction', () =>
          database
            .transaction((transaction) => note(transaction, `after ${what}`))
            .then(
              () => true,
              (error: unknown) => {
                if (isTransientFailure(error)) return false
                throw error
              },
            ),
        )
      }
    }
    t.strictSame(await notes(), [
      'after cut',
      'after cut, in a savepoint',
      'after terminate',
      'after terminate, in a savepoint',
    ])
  },
)

t.test('work that goes on after its connection has gone writes nowhere', async (t) => {
  const { database, notes, ways } = await setUp(t)
  for (const [way, lose] of Object.entries(ways)) {
    let goOn = () => {}
    const resting = new Promise<void>((resolve) => {
      goOn = resolve
    })
    let began = false
    let late: unknown
    const stale = database.transaction(async (transaction) => {
      await note(transaction, `stale, ${way}`)
      began = true
      await resting
      late = await note(transaction, `too late, ${way}`).catch((error: unknown) => error)
    })
    const settled = t.rejects(stale, `${way}: the transaction fails`)
    await until('the first note', () => began)
    await lose()
    await settled
    // The slot is somebody else's by now, in the middle of a transaction.
    await database.transaction(async (transaction) => {
      await note(transaction, `another one's, ${way}`)
      goOn()
      await until('the late statement', () => late)
      await note(transaction, `another one's second, ${way}`)
    })
    t.match(late, { cause: { code: 'CONNECTION_CLOSED' } }, way)
  }
  t.strictSame(await notes(), [
    "another one's second, cut",
    "another one's second, terminate",
    "another one's, cut",
    "another one's, terminate",
  ])
})
