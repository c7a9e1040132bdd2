import { randomUUID } from 'node:crypto'
import t, { type Test as TapTest } from 'tap'
import { connectDatabase } from '../../../src/shared/database/client.js'
import type { Claim } from '../../../src/shared/database/outbox-claims.js'
import { isAnythingDue, takeDueRows } from '../../../src/shared/database/outbox-handovers.js'
import { createTries, type Tries } from '../../../src/shared/queue/tries.js'
import { createTestDatabase } from '../../support/database.js'

const LEASE_MS = 60_000
const BACK = { delayMs: 0, counted: true, error: 'no' }

/** One row, `starts` times begun. */
const setUp = async (t: TapTest, starts = 0) => {
  const { url, sql } = await createTestDatabase(t)
  const { database, close } = connectDatabase({ url, poolMax: 2, applicationName: 'test' })
  t.teardown(close)
  const id = randomUUID()
  await sql`insert into outbox (id, name, version, key, payload, starts) values (${id}, 'job', 1, 'key', '{}', ${starts})`
  const row = async () => {
    const [found] = await sql`select starts, round, attempts, claim_id, closed_at, parked_at from outbox`
    return { ...found }
  }
  const request = (takeOver = false) => ({ id, round: 1, claimId: randomUUID(), leaseMs: LEASE_MS, takeOver })
  return { sql, database, tries: createTries(database), row, request }
}

t.test('who was overtaken changes nothing of what another has in hand, a suspect included', async (t) => {
  for (const starts of [0, 3]) {
    const { tries, row, request } = await setUp(t, starts)
    const slow = await tries.claim(request())
    const quick = await tries.claim(request(true))
    if (!slow || !quick) throw new Error('there is no claim')
    const before = await row()
    t.equal(before['claim_id'], quick.claimId)
    t.notOk(await tries.putBack(slow, BACK))
    t.notOk(await tries.park(slow))
    t.notOk(await tries.bury(slow, 'no'))
    t.notOk(await tries.renew(slow, LEASE_MS))
    t.notOk(await tries.begin(slow, LEASE_MS))
    t.strictSame(await row(), before, `begun ${starts} times`)
    t.ok(await tries.putBack(quick, BACK))
    t.match(await row(), { round: 2, attempts: 1, starts: 0 })
  }
})

t.test('a claim whose answer was lost is asked for again, and counts as one start', async (t) => {
  for (const [starts, counted] of [
    [0, 1],
    [1, 2],
    [2, 2],
  ] as const) {
    const { tries, row, request } = await setUp(t, starts)
    const asked = request()
    const lost = await tries.claim(asked)
    const again = await tries.claim(asked)
    t.match(again, { starts: counted, deaths: starts })
    t.strictSame(again, lost)
    t.equal(await tries.claim(request()), undefined, 'nobody else gets it')
    t.match(await row(), { starts: counted })
  }
})

t.test('so does the turn of a suspect', async (t) => {
  const { tries, row, request } = await setUp(t, 2)
  const claim = await tries.claim(request())
  if (!claim) throw new Error('there is no claim')
  await tries.begin(claim, LEASE_MS)
  t.match(await tries.begin(claim, LEASE_MS), { starts: 3, deaths: 2 })
  t.match(await row(), { starts: 3 })
})

t.test('so is an end: it is written once, and whoever asks again knows it for theirs', async (t) => {
  const ends = {
    buried: [(tries: Tries, claim: Claim) => tries.bury(claim, 'no'), { round: 1, attempts: 1 }],
    'put back': [(tries: Tries, claim: Claim) => tries.putBack(claim, BACK), { round: 2, attempts: 1 }],
    parked: [(tries: Tries, claim: Claim) => tries.park(claim), { round: 2, attempts: 0 }],
  } as const
  for (const [name, [end, left]] of Object.entries(ends)) {
    const { tries, row, request } = await setUp(t)
    const claim = await tries.claim(request())
    if (!claim) throw new Error('there is no claim')
    t.ok(await end(tries, claim), name)
    const once = await row()
    t.match(once, left)
    t.ok(await end(tries, claim), `${name}, asked again`)
    t.strictSame(await row(), once)
  }
  const { tries, request } = await setUp(t)
  const claim = await tries.claim(request())
  if (!claim) throw new Error('there is no claim')
  await tries.close(claim)
  t.notOk(await tries.bury(claim, 'no'), 'what was done is no dead letter')
})

t.test('a delivery of an older round in the same batch keeps the newer one from nothing', async (t) => {
  const { sql, tries, request } = await setUp(t)
  await sql`update outbox set round = 2`
  const [older, newer, twice] = await Promise.all([
    tries.claim(request()),
    tries.claim({ ...request(), round: 2 }),
    tries.claim({ ...request(), round: 2 }),
  ])
  t.equal(older, undefined)
  t.equal([newer, twice].filter((claim) => claim?.round === 2).length, 1, 'and one of two gets it')
})

t.test('what a full queue has no room for stays due, and stands in no other’s way', async (t) => {
  const { sql, database } = await setUp(t)
  await sql`insert into outbox (id, queue, name, version, key, payload, due_at)
    select gen_random_uuid(), 'events', 'job', 1, 'event-' || n, '{}', now() from generate_series(1, 3) n`
  await sql`update outbox set due_at = now() - interval '1 hour' where queue = 'mail'`
  const queuesOf = (rows: readonly { queue: string }[]) => rows.map(({ queue }) => queue)
  t.strictSame(queuesOf(await takeDueRows(database, 2, ['mail'])), ['events', 'events'])
  t.ok(await isAnythingDue(database))
  t.strictSame(queuesOf(await takeDueRows(database, 2, [])).sort(), ['events', 'mail'])
  t.notOk(await isAnythingDue(database))
  const [old] =
    await sql`select extract(epoch from now() - ready_at)::int as age from outbox where queue = 'mail'`
  t.ok(Number(old?.['age']) >= 3_600, 'and how long it has waited is not forgotten')
})

t.test('a claim moves the due time only where that does not fit its lease', async (t) => {
  for (const [dueInSeconds, expected] of [
    [90, 90],
    [30, 60],
    [600, 60],
  ] as const) {
    const { sql, tries, request } = await setUp(t)
    await sql`update outbox set due_at = now() + make_interval(secs => ${dueInSeconds})`
    const [before] = await sql`select due_at from outbox`
    t.ok(await tries.claim(request()))
    const [after] =
      await sql`select due_at, claimed_until, extract(epoch from due_at - now())::float8 as due_in from outbox`
    t.ok(Math.abs(after?.['due_in'] - expected) < 20, `due in ${dueInSeconds} s, then in ${expected} s`)
    t.ok(after?.['due_at'] >= after?.['claimed_until'], 'nobody hands it over before the lease is out')
    if (dueInSeconds === expected) t.strictSame(after?.['due_at'], before?.['due_at'])
  }
})
