import { execFile } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { loadMigrateConfig } from '../src/shared/config.js'
import { createTestDatabase, type TestDatabase } from './support/database.js'

const ROOT = path.resolve(import.meta.dirname, '..')
const MIGRATIONS = path.join(ROOT, 'migrations')
const WEAK = 'passwordpassword'
const admin = { ADMIN_EMAIL: 'Root-Secret@Example.com', ADMIN_PASSWORD: 'a secret, long enough' }

interface Run {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs the built migration as production does, with nothing in its environment but `env`. */
const migrate = (env: Record<string, string>): Promise<Run> =>
  new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      ['--enable-source-maps', 'dist/migrate.js'],
      { cwd: ROOT, env },
      (_error, stdout, stderr) => resolve({ code: child.exitCode ?? -1, stdout, stderr }),
    )
  })

const emptyDatabase = (t: Parameters<typeof createTestDatabase>[0]) => createTestDatabase(t, 'template0')

const countOf = async ({ sql }: TestDatabase, table: string) =>
  (await sql`select count(*)::int as n from ${sql(table)}`)[0]?.['n']

const appliedIn = async ({ sql }: TestDatabase) =>
  (await sql`select count(*)::int as n from drizzle.__drizzle_migrations`)[0]?.['n']

const schemaOf = async ({ sql }: TestDatabase) => {
  const columns = await sql`
    select table_name, column_name, data_type, column_default from information_schema.columns
    where table_schema = 'public' order by 1, 2`
  const indexes = await sql`select indexdef from pg_indexes where schemaname = 'public' order by 1`
  return JSON.stringify([columns, indexes])
}

interface Journal {
  readonly entries: readonly { idx: number; when: number; tag: string }[]
}

const journal: Journal = JSON.parse(readFileSync(path.join(MIGRATIONS, 'meta/_journal.json'), 'utf8'))

t.test('the journal names the files, in their order', async (t) => {
  const files = readdirSync(MIGRATIONS).filter((file) => file !== 'meta')
  const { entries } = journal
  t.strictSame(
    files.sort(),
    entries.map(({ tag }) => `${tag}.sql`),
  )
  entries.forEach(({ idx, tag, when }, index) => {
    t.equal(idx, index)
    t.match(tag, new RegExp(`^${String(index).padStart(4, '0')}_[a-z0-9_]+$`))
    // drizzle applies what is younger than the last applied one: an older date would be passed over.
    t.ok(when > (entries[index - 1]?.when ?? 0), `${tag} is younger than the one before`)
  })
})

t.test('three pods at once make one schema and one admin', async (t) => {
  const database = await emptyDatabase(t)
  const env = { DATABASE_URL: database.url, ...admin }
  const runs = await Promise.all([migrate(env), migrate(env), migrate(env)])
  for (const { code, stderr } of runs) t.strictSame({ code, stderr }, { code: 0, stderr: '' })
  const created = runs.map(({ stdout }) => JSON.parse(stdout).adminCreated)
  t.strictSame(created.sort(), [false, false, true], 'one of them made the admin')
  t.equal(await appliedIn(database), journal.entries.length)
  const [user] = await database.sql`select email, role, password_hash from users`
  t.match(user, { email: 'root-secret@example.com', role: 'admin', password_hash: /^\$argon2id\$/ })
  t.equal(await countOf(database, 'outbox'), 0, 'nobody greets the operator')
  t.notMatch(JSON.stringify(runs), /secret/i, 'no address and no password in the output')

  await t.test('and a later run changes nothing, whatever the password', async (t) => {
    const before = await schemaOf(database)
    // There is an admin: that this password would not do does not matter any more.
    const again = await migrate({ ...env, ADMIN_EMAIL: 'another@example.com', ADMIN_PASSWORD: WEAK })
    t.equal(again.code, 0)
    t.equal(JSON.parse(again.stdout).adminCreated, false)
    t.equal(await schemaOf(database), before)
    t.equal(await appliedIn(database), journal.entries.length)
    t.equal(await countOf(database, 'users'), 1)
  })
})

t.test('a weak password makes no admin, and no address and password neither', async (t) => {
  const database = await emptyDatabase(t)
  const refused = await migrate({ DATABASE_URL: database.url, ...admin, ADMIN_PASSWORD: WEAK })
  t.equal(refused.code, 1)
  t.match(refused.stderr, /ADMIN_EMAIL: .* the password is among the first/)
  t.notMatch(refused.stderr, WEAK)
  t.equal(await countOf(database, 'users'), 0)

  const without = await migrate({ DATABASE_URL: database.url, ADMIN_EMAIL: '', ADMIN_PASSWORD: '' })
  t.equal(without.code, 0)
  t.equal(JSON.parse(without.stdout).adminCreated, false)
  t.equal(await countOf(database, 'users'), 0)
})

t.test('with an address or a password alone there is no run', async (t) => {
  const { ADMIN_EMAIL, ADMIN_PASSWORD } = admin
  const DATABASE_URL = 'postgres://u:secret-word@127.0.0.1:1/x'
  const fault = 'The environment is not valid:\n  ADMIN_EMAIL: goes with ADMIN_PASSWORD: give both or neither'
  t.throws(() => loadMigrateConfig({ DATABASE_URL, ADMIN_EMAIL }), { message: fault })
  t.strictSame(await migrate({ DATABASE_URL, ADMIN_PASSWORD }), { code: 1, stdout: '', stderr: `${fault}\n` })
})

t.test('a run that fails says why in one line, without a value', async (t) => {
  const database = await createTestDatabase(t)
  await database.sql`alter table users add constraint nobody check (false)`
  const [failed, unreachable] = await Promise.all([
    migrate({ DATABASE_URL: database.url, ...admin }),
    migrate({ DATABASE_URL: 'postgres://u:secret-word@127.0.0.1:1/x' }),
  ])
  t.equal(failed.code, 1)
  t.match(failed.stderr, /nobody/)
  t.notMatch(failed.stderr, /secret|argon2|\n.+/i)

  t.equal(unreachable.code, 1)
  t.match(unreachable.stderr, /ECONNREFUSED/)
  t.notMatch(unreachable.stderr, /secret-word|\n.+/)
})
