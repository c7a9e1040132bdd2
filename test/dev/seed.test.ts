import { execFile } from 'node:child_process'
import { join } from 'node:path'
import type { Sql } from 'postgres'
import t, { type Test as TapTest } from 'tap'
import { readArguments } from '../../dev/seed/arguments.js'
import { hashPassword, NOBODYS_HASH } from '../../dev/seed/password.js'
import { isMigrated } from '../../dev/seed/schema.js'
import { type Progress, seed } from '../../dev/seed/seed.js'
import { StartError } from '../../dev/stack/start-error.js'
import { createPasswords } from '../../src/auth/auth.passwords.js'
import { createTestDatabase } from '../support/database.js'
import { SEED_FAULTS } from '../support/seed-faults.js'

const ROOT = join(import.meta.dirname, '../..')
const SIZES = { users: 50, products: 40, orders: 500 }
const SEEDED = ['users', 'products', 'orders', 'order_items', 'order_events'] as const
const EMPTY = ['outbox', 'sessions', 'audit_log', 'one_time_tokens', 'idempotency_keys'] as const

const countOf = async (sql: Sql, table: string): Promise<number> => {
  const [row] = await sql<{ n: number }[]>`select count(*)::int as n from ${sql(table)}`
  return row?.n ?? -1
}

/** A digest of all rows, byte by byte. */
const digestOf = async (sql: Sql, table: string): Promise<unknown> => {
  const [row] = await sql`
    select md5(string_agg(r::text, chr(10) order by r::text collate "C")) as digest from ${sql(table)} as r`
  return row?.['digest']
}

const digestsOf = (sql: Sql): Promise<unknown[]> => Promise.all(SEEDED.map((table) => digestOf(sql, table)))

interface Run {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

const runSeed = (args: readonly string[], env: Record<string, string>): Promise<Run> =>
  new Promise((resolve) => {
    // tap puts its own loader into the NODE_OPTIONS of every child; `env` takes it out again and becomes node.
    const command = ['-u', 'NODE_OPTIONS', process.execPath, '--import', 'tsx', 'dev/seed.ts', ...args]
    const options = { cwd: ROOT, env: { PATH: process.env['PATH'], ...env } }
    const child = execFile('env', command, options, (_error, stdout, stderr) =>
      resolve({ code: child.exitCode, stdout, stderr }),
    )
  })

/** Resolves with what is wrong in the database. */
const faultsOf = async (sql: Sql): Promise<string[]> => {
  const faults: string[] = []
  for (const [fault, find] of Object.entries(SEED_FAULTS))
    if ((await find(sql)).length > 0) faults.push(fault)
  for (const table of EMPTY) if ((await countOf(sql, table)) > 0) faults.push(`something in ${table}`)
  return faults
}

/** In a database with that many. */
const addsTheRest = async (t: TapTest, sql: Sql): Promise<void> => {
  await sql`create table before as
    select md5(u::text) as digest from users u union all select md5(p::text) from products p
    union all select md5(i::text) from order_items i union all select md5(e::text) from order_events e`
  const more = await seed(sql, { users: 70, products: 60, orders: 600 })
  t.match(more, { users: 20, products: 20, orders: 600 })
  const [lost] = await sql`
    select count(*)::int as n from before where digest not in (
      select md5(u::text) from users u union all select md5(p::text) from products p
      union all select md5(i::text) from order_items i union all select md5(e::text) from order_events e)`
  t.equal(lost?.['n'], 0)
  t.strictSame(await faultsOf(sql), [])
}

const isAsTheServiceMakes = async (t: TapTest, sql: Sql): Promise<void> => {
  t.strictSame(await faultsOf(sql), [])
  const [row] = await sql`
    select count(distinct status)::int as statuses, count(distinct currency)::int as currencies,
      count(*) filter (where status = 'delivered')::int as delivered from orders`
  t.match(row, { statuses: 5, currencies: 3 })
  t.ok(Math.abs(row?.['delivered'] - 400) < 30, `${row?.['delivered']} of 500 delivered`)
}

t.test('the same numbers give the same data, and a second time adds nothing', async (t) => {
  const [one, other] = await Promise.all([createTestDatabase(t), createTestDatabase(t)])
  const progress: Progress[] = []
  const seeded = await seed(one.sql, SIZES, { onProgress: (step) => progress.push(step) })
  t.match(seeded, SIZES)
  t.equal(seeded.items, await countOf(one.sql, 'order_items'))
  t.equal(seeded.events, await countOf(one.sql, 'order_events'))
  t.strictSame(progress.at(-1), { what: 'orders', done: 590, total: 590 })

  await seed(other.sql, SIZES)
  const digests = await digestsOf(one.sql)
  t.strictSame(await digestsOf(other.sql), digests)

  const nothing = { users: 0, products: 0, orders: 0, items: 0, events: 0 }
  t.strictSame(await seed(one.sql, SIZES), nothing)
  t.strictSame(await digestsOf(one.sql), digests)

  const [known] = await one.sql`select id from users where email = 'user-000050@seed.example'`
  t.equal(known?.['id'], '0196a34a-ca58-7daa-8abe-6bd43aa1eb18', 'on this machine as on any other')

  await t.test('the data are such as the service would have made', (t) => isAsTheServiceMakes(t, one.sql))
  await t.test('larger numbers keep what is there and add the rest', (t) => addsTheRest(t, other.sql))
})

t.test('the passwords are such as the service reads', async (t) => {
  const passwords = createPasswords(1)
  const parameters = (hash: string): string => hash.split('$', 4).join('$')
  const hash = await hashPassword('correct horse battery')
  t.equal(parameters(hash), parameters(await passwords.hash('x')))
  t.equal(parameters(NOBODYS_HASH), parameters(hash))
  t.equal(await passwords.verify(hash, 'correct horse battery'), true)
  t.equal(await passwords.verify(NOBODYS_HASH, ''), false)
})

t.test('an address that somebody else has is one line, and orders are not begun', async (t) => {
  const { sql } = await createTestDatabase(t)
  await sql`
    insert into users (id, email, name, password_hash)
    values (gen_random_uuid(), 'user-000007@seed.example', 'Somebody', 'x')`
  await t.rejects(seed(sql, SIZES), { message: /^The e-mail address of 1 of the seeded rows is taken/ })
  t.equal(await countOf(sql, 'orders'), 0)
})

t.test('the command', async (t) => {
  const { sql, url } = await createTestDatabase(t)
  const args = ['--users', '5', '--products=10', '--orders', '20']
  const first = await runSeed([...args, '--password', 'correct horse battery'], { DATABASE_URL: url })
  t.match(first, {
    code: 0,
    stdout: /^Added 5 users, 10 products and 20 orders \(\d+ items, \d+ events\) in \d+\.\d s\n$/,
  })
  const [user] = await sql`select password_hash from users where email = 'user-000005@seed.example'`
  t.ok(await createPasswords(1).verify(user?.['password_hash'], 'correct horse battery'))
  const second = await runSeed(args, { DATABASE_URL: url })
  t.match(second, { code: 0, stdout: /^Nothing to add: all of it is there already \(\d+\.\d s\)\n$/ })
})

t.test('numbers that cannot be are refused, with what can be', async (t) => {
  const refused = (args: readonly string[], message: string) =>
    t.throws(() => readArguments(args), new StartError(message), args.join(' '))
  refused(['--users', 'many'], '--users must be a whole number from 1 to 1000000')
  refused(['--users', '0'], '--users must be a whole number from 1 to 1000000')
  refused(['--orders', '1e3'], '--orders must be a whole number from 0 to 10000000')
  refused(['--products=9'], '--products must be a whole number from 10 to 100000 where there are orders')
  refused(['--user', '5'], "Unknown option '--user': see npm run seed -- --help")
  refused(['--password', ''], '--password must have 1 to 256 characters')
  t.match(readArguments(['--products', '0', '--orders', '0']), { sizes: { products: 0, orders: 0 } })
})

t.test('what the command refuses is one line and changes nothing', async (t) => {
  const { url } = await createTestDatabase(t, 'template0')
  const refused = async (args: readonly string[], env: Record<string, string>, pattern: RegExp) => {
    const { code, stdout, stderr } = await runSeed(args, env)
    t.match({ code, stdout, stderr }, { code: 1, stdout: /^$/, stderr: pattern })
  }
  await refused([], { NODE_ENV: 'production', DATABASE_URL: url }, /^Not in production: [^\n]*\n$/)
  await refused([], { DATABASE_URL: url }, /^The schema of DATABASE_URL is missing or old: [^\n]* first\n$/)
  await t.rejects(isMigrated('postgres://127.0.0.1:1/none'), {
    message: /^The database cannot be read: .*ECONNREFUSED/,
  })
})
