import { eq, sql as query } from 'drizzle-orm'
import { pgTable, text, timestamp } from 'drizzle-orm/pg-core'
import t, { type Test as TapTest } from 'tap'
import { connectDatabase, type Executor, inOneTransaction } from '../../src/shared/database/client.js'
import { defineInsert } from '../../src/shared/database/insert-rows.js'
import { pipelined } from '../../src/shared/database/pipeline.js'
import { defineCommand, defineQuery, type Places, queries } from '../../src/shared/database/statement.js'
import { createTestDatabase } from '../support/database.js'

const notes = pgTable('notes', {
  id: text('id').primaryKey(),
  theText: text('the_text'),
  writtenAt: timestamp('written_at', { withTimezone: true }).notNull(),
})

const columns = { id: notes.id, theText: notes.theText, writtenAt: notes.writtenAt }
const findNote = defineQuery(columns, (place: Places<{ id: string }>) =>
  queries
    .select(columns)
    .from(notes)
    .where(eq(notes.id, place('id'))),
)
const insertNotes = defineInsert(notes, ['id', 'theText'], {
  computed: { writtenAt: query`'2026-01-02T03:04:05Z'` },
})
const removeNote = defineCommand(
  (place: Places<{ id: string }>) => query`delete from notes where id = ${place('id')}`,
)

const setUp = async (t: TapTest, parameters = '') => {
  const { url, sql } = await createTestDatabase(t)
  await sql`create table notes (id text primary key, the_text text, written_at timestamptz not null)`
  const { database, close } = connectDatabase({ url: url + parameters, poolMax: 1, applicationName: 'test' })
  t.teardown(close)
  return { database, sql }
}

const preparedIn = async (executor: Executor): Promise<string[]> =>
  (await executor.execute<{ statement: string }>(query`select statement from pg_prepared_statements`))
    .map(({ statement }) => statement)
    .filter((statement) => statement.includes('notes'))

t.test('a statement is prepared once, for the pool and for transactions', async (t) => {
  const { database } = await setUp(t)
  await insertNotes(database, [
    { id: 'a', theText: 'it\'s "one"' },
    { id: 'b', theText: null },
  ])
  const a = { id: 'a', theText: 'it\'s "one"', writtenAt: new Date('2026-01-02T03:04:05Z') }
  const b = { ...a, id: 'b', theText: null }
  for (let round = 0; round < 3; round += 1) {
    t.strictSame(await findNote(database, { id: 'a' }), [a])
    t.strictSame(await database.transaction((transaction) => findNote(transaction, { id: 'b' })), [b])
    await inOneTransaction(database, async (transaction) => {
      await removeNote(transaction, { id: 'a' })
      t.strictSame(await findNote(database, { id: 'a' }), [], 'the pool is the transaction there')
      await insertNotes(transaction, [{ id: 'a', theText: a.theText }])
    })
  }
  t.equal((await preparedIn(database)).length, 3)
})

t.test('nothing stays prepared where the address says so, as for an old PgBouncer', async (t) => {
  const { database } = await setUp(t, '?prepare=false')
  await insertNotes(database, [{ id: 'a', theText: null }])
  t.equal((await findNote(database, { id: 'a' })).length, 1)
  t.strictSame(await preparedIn(database), [])
})

t.test('what was sent together fails as what failed first, and nothing of it is done', async (t) => {
  const { database, sql } = await setUp(t)
  await insertNotes(database, [{ id: 'there', theText: null }])
  // Once with statements that the connection has yet to prepare, once with those that it has.
  for (const round of ['new', 'known']) {
    const failed = database.transaction((transaction) =>
      pipelined([
        insertNotes(transaction, [{ id: 'one', theText: null }]),
        insertNotes(transaction, [{ id: 'there', theText: null }]),
        removeNote(transaction, { id: 'there' }),
      ]),
    )
    await t.rejects(failed, { cause: { code: '23505' } }, round)
    t.strictSame([...(await sql`select id from notes`)], [{ id: 'there' }], round)
  }
  const [found] = await database.transaction((transaction) =>
    pipelined([findNote(transaction, { id: 'there' }), removeNote(transaction, { id: 'there' })]),
  )
  t.equal(found.length, 1, 'in the order in which they were sent')
})
