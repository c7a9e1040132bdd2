import t from 'tap'
import { SESSION_SETTINGS } from '../src/shared/database/client.js'
import { contract } from './contract/chapters/index.js'
import { setScene } from './contract/support/scene.js'
import { createWorld, startPod, startWorkerPod, type World } from './support/app.js'
import { registerAdmin } from './support/factories.js'
import { hasPgbouncer, startPgbouncer } from './support/pgbouncer.js'
import { until } from './support/until.js'

const skip = hasPgbouncer() ? false : 'PgBouncer is not installed (apt-get install pgbouncer)'

/** For this database alone: other tests share the role. */
const settle = async ({ database: { sql } }: World): Promise<void> => {
  const [row] = await sql<{ name: string }[]>`select current_database() as name`
  for (const [name, value] of Object.entries(SESSION_SETTINGS)) {
    await sql.unsafe(`alter database ${row?.name} set ${name} = '${value}'`)
  }
}

const behindPgbouncer = async (t: Parameters<typeof startPgbouncer>[0], world: World): Promise<World> => {
  const DATABASE_URL = await startPgbouncer(t, world.database.url)
  const env = {
    DATABASE_URL,
    DATABASE_PGBOUNCER: 'true',
    DATABASE_CONNECTION_LIMIT: '100',
    DATABASE_DIRECT_URL: world.database.url,
  }
  return { ...world, env: { ...world.env, ...env } }
}

t.test(
  'the contract is kept behind PgBouncer in transaction mode, and jobs are done',
  { skip },
  async (t) => {
    const direct = await createWorld(t)
    await settle(direct)
    const world = await behindPgbouncer(t, direct)
    const { call, url } = await startPod(t, world)
    const { email, password } = await registerAdmin(call, world)
    await contract(t, await setScene({ url, adminEmail: email, adminPassword: password, patienceSeconds: 0 }))
    const open = async () => {
      const [row] = await direct.database
        .sql`select count(*)::int as jobs from outbox where closed_at is null`
      return row?.['jobs']
    }
    // Of hundreds of jobs one of each kind, and behind PgBouncer each of them is read, claimed and closed alike.
    await direct.database.sql`delete from outbox where id not in (
      select distinct on (name) id from outbox where closed_at is null order by name, id)`
    t.ok((await open()) > 1, 'an event and a mail at least')
    await startWorkerPod(t, world)
    await until('all jobs to be done', async () => (await open()) === 0)
    const prepared = await direct.database.sql`select from pg_stat_activity
    where datname = current_database() and application_name like 'unnest-%'`
    t.ok(prepared.length > 0, 'the server sees whose connections they are')
  },
)

t.test('where the server sets no limits, a process does not start', { skip }, async (t) => {
  const world = await behindPgbouncer(t, await createWorld(t))
  const message = await startPod(t, world).then(
    () => 'it starts',
    (error: Error) => error.message,
  )
  for (const name of ['statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout']) {
    t.match(message, `  DATABASE_PGBOUNCER: the role, or the database, needs ${name} = '`)
  }
})
