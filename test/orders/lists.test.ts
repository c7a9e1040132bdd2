import t from 'tap'
import { v7 as uuidv7 } from 'uuid'
import { createWorld, startPod } from '../support/app.js'
import { createProduct, registerAdmin, registerUser } from '../support/factories.js'
import { walkPages } from '../support/pages.js'
import { isProblem } from '../support/problem.js'

interface Row {
  readonly id: string
  readonly userId: string
  readonly status: string
  readonly createdAt: string
}

const STATUSES = ['placed', 'confirmed', 'shipped', 'delivered', 'cancelled', 'expired'] as const
const START = Date.UTC(2026, 0, 1)
const HOUR = 3_600_000

t.test('lists of orders', async (t) => {
  const world = await createWorld(t)
  const { sql } = world.database
  const { call } = await startPod(t, world)
  const admin = await registerAdmin(call, world)
  const ada = await registerUser(call)
  const bob = await registerUser(call, 'Bob')

  /** One an hour, of Ada and Bob in turns, through all states. */
  const orders: Row[] = Array.from({ length: 24 }, (_, n) => {
    const createdAt = new Date(START + n * HOUR)
    const { id: userId } = n % 2 === 0 ? ada : bob
    const status = STATUSES[n % STATUSES.length] ?? 'placed'
    return { id: uuidv7({ msecs: createdAt.getTime() }), userId, status, createdAt: createdAt.toISOString() }
  })
  const rows = orders.map(({ id, userId, status, createdAt }) => ({
    id,
    user_id: userId,
    status,
    created_at: createdAt,
    total_amount: 1,
    currency: 'EUR',
  }))
  await sql`insert into orders ${sql(rows)}`
  const newestFirst = [...orders].reverse()

  const list = async (query: string, token = admin.token): Promise<Row[]> => {
    const { status, body, text } = await call('GET', `/v1/orders?limit=100&${query}`, { token })
    if (status !== 200) throw new Error(text)
    return body.data
  }
  const idsOf = (some: readonly Row[]) => some.map(({ id }) => id)
  const expecting = (pick: (row: Row) => boolean) => idsOf(newestFirst.filter(pick))

  await t.test('by one or several states', async (t) => {
    for (const status of STATUSES)
      t.strictSame(
        idsOf(await list(`status=${status}`)),
        expecting((row) => row.status === status),
      )
    const two = expecting(({ status }) => status === 'placed' || status === 'expired')
    t.strictSame(idsOf(await list('status=placed&status=expired')), two)
    t.strictSame(idsOf(await list('status=expired&status=placed&status=placed')), two)
    t.strictSame(
      idsOf(await list('status=placed&status=expired', ada.token)),
      expecting(({ userId, status }) => userId === ada.id && status === 'placed'),
    )
  })

  await t.test('by time, without the limits themselves', async (t) => {
    const at = (n: number) => new Date(START + n * HOUR).toISOString()
    const between = (from: number, to: number) =>
      expecting(({ createdAt }) => createdAt > at(from) && createdAt < at(to))
    t.strictSame(idsOf(await list(`createdAfter=${at(20)}`)), between(20, 99))
    t.strictSame(idsOf(await list(`createdBefore=${at(3)}`)), between(-1, 3))
    t.strictSame(idsOf(await list(`createdAfter=${at(5)}&createdBefore=${at(9)}`)), between(5, 9))
    t.strictSame(await list(`createdAfter=${at(9)}&createdBefore=${at(5)}`), [])
    const offset = encodeURIComponent('2026-01-01T06:00:00+01:00')
    t.strictSame(idsOf(await list(`createdAfter=${offset}`)), between(5, 99), 'in whatever zone')

    const last = '9999-12-31T23:59:59.999Z'
    t.strictSame(await list(`createdAfter=${last}`), [], 'at the end of all times')
    t.strictSame(await list(`createdAfter=${last}&status=placed`), [])
    t.strictSame(idsOf(await list(`createdBefore=${last}`)), between(-1, 99))

    // Postgres counts microseconds, an answer tells milliseconds: what was shown is not "after" itself.
    const [newest] = newestFirst
    await sql`update orders set created_at = created_at + interval '456 microseconds' where id = ${newest?.id ?? ''}`
    t.strictSame(await list(`createdAfter=${newest?.createdAt}`), [])
    t.equal((await list(`createdAfter=${new Date(START + 23 * HOUR - 1).toISOString()}`)).length, 1)
    t.equal((await list(`createdBefore=${newest?.createdAt}`)).length, 23)
    await sql`update orders set created_at = created_at - interval '456 microseconds' where id = ${newest?.id ?? ''}`
  })

  await t.test('a time counts, not the clock of the pod that made the id', async (t) => {
    const [id, createdAt] = [uuidv7({ msecs: START + 30 * HOUR - 300_000 }), new Date(START + 30 * HOUR)]
    await sql`insert into orders (id, user_id, status, total_amount, currency, created_at)
      values (${id}, ${ada.id}, 'placed', 1, 'EUR', ${createdAt})`
    const just = (ms: number) => new Date(createdAt.getTime() + ms).toISOString()
    t.strictSame(idsOf(await list(`createdAfter=${just(-1)}`)), [id])
    t.strictSame(idsOf(await list(`createdAfter=${just(-1)}&createdBefore=${just(1)}`)), [id])
    t.strictSame(await list(`createdAfter=${just(0)}`), [])
    await sql`delete from orders where id = ${id}`
  })

  await t.test('of one user, for admins', async (t) => {
    const ofBob = expecting(({ userId }) => userId === bob.id)
    t.strictSame(idsOf(await list(`userId=${bob.id}`)), ofBob)
    t.strictSame(idsOf(await list(`userId=${bob.id.toUpperCase()}`)), ofBob)
    t.strictSame(idsOf(await list(`userId=${bob.id}`, bob.token)), ofBob, 'oneself is no secret')
    const foreign = await call('GET', `/v1/orders?userId=${bob.id}`, { token: ada.token })
    isProblem(t, foreign, { status: 403, code: 'forbidden' })
  })

  await t.test('each old row once, while new ones come in and old ones move on', async (t) => {
    const mug = await createProduct(call, admin, { stock: 1_000 })
    const items = [{ productId: mug.id, quantity: 1 }]
    const filters = [
      '',
      'status=placed&status=confirmed',
      `userId=${ada.id}`,
      'createdAfter=2026-01-01T02:00:00Z',
    ]
    for (const filter of filters) {
      const before = idsOf(await list(filter))
      const pages = await walkPages<Row>(call, `/v1/orders?limit=3&${filter}`, {
        token: admin.token,
        between: () => call('POST', '/v1/orders', { token: ada.token, body: { items } }),
      })
      const seen = idsOf(pages.flat())
      t.strictSame(seen, before, `${filter}: each once, and in the same order`)
    }
  })

  await t.test('a cursor goes with its filters, and with whoever got it', async (t) => {
    const first = await call('GET', '/v1/orders?limit=1&status=placed&status=expired', { token: admin.token })
    const { nextCursor } = first.body.meta
    const go = (query: string, token = admin.token) =>
      call('GET', `/v1/orders?limit=1&cursor=${nextCursor}&${query}`, { token })
    t.equal((await go('status=expired&status=placed')).status, 200, 'the same states in another order')
    const refused = { status: 400, code: 'validation_failed' }
    for (const query of [
      '',
      'status=placed',
      'status=placed&status=expired&createdAfter=2020-01-01T00:00:00Z',
      `status=placed&status=expired&userId=${ada.id}`,
    ])
      isProblem(t, await go(query), refused, query)
    isProblem(t, await go('status=placed&status=expired', ada.token), refused, 'somebody else')
  })

  await t.test('what is no filter is refused with its place', async (t) => {
    const cases: [string, string][] = [
      ['status=lost', 'status'],
      ['status=', 'status'],
      ['status=placed&status=lost', 'status'],
      ['status=placed,expired', 'status'],
      [Array(7).fill('status=placed').join('&'), 'status'],
      ['createdAfter=yesterday', 'createdAfter'],
      ['createdAfter=2026-02-30T00:00:00Z', 'createdAfter'],
      ['createdAfter=2026-01-01', 'createdAfter'],
      ['createdAfter=0000-01-01T00:00:00Z', 'createdAfter'],
      ['createdBefore=9999-12-31T23:59:59-23:59', 'createdBefore'],
      ['createdBefore=1e9', 'createdBefore'],
      ['userId=42', 'userId'],
      ['offset=20', ''],
    ]
    for (const [query, path] of cases) {
      const answer = await call('GET', `/v1/orders?${query}`, { token: admin.token })
      isProblem(t, answer, { status: 400, code: 'validation_failed' }, query)
      t.equal(answer.body.errors[0].path.split('.')[0], path, query)
    }
  })
})

t.test('an order that one has already is not built again', async (t) => {
  const world = await createWorld(t)
  const { sql } = world.database
  const { call } = await startPod(t, world)
  const admin = await registerAdmin(call, world)
  const ada = await registerUser(call)
  const mug = await createProduct(call, admin)
  const items = [{ productId: mug.id, quantity: 1 }]
  const placed = await call('POST', '/v1/orders', { token: ada.token, body: { items } })
  const path = `/v1/orders/${placed.body.data.id}`
  const etag = placed.headers.get('etag') ?? ''
  t.match(etag, /^"\d+"$/)
  const read = (known: string) => call('GET', path, { token: ada.token, headers: { 'if-none-match': known } })

  await sql`alter table order_items rename to hidden`
  for (const known of [etag, `W/${etag}`, `"99", ${etag}`, '*']) {
    const answer = await read(known)
    t.equal(answer.status, 304, known)
    t.equal(answer.text, '')
    t.equal(answer.headers.get('etag'), etag)
  }
  t.equal((await read('"99"')).status, 500, 'the items are really not there')
  await sql`alter table hidden rename to order_items`

  const confirmed = await call('POST', `${path}/confirm`, { token: admin.token })
  t.equal((await read(etag)).status, 200)
  t.equal((await read(confirmed.headers.get('etag') ?? '')).status, 304)
  const eve = await registerUser(call, 'Eve')
  const foreign = await call('GET', path, { token: eve.token, headers: { 'if-none-match': '*' } })
  isProblem(t, foreign, { status: 404, code: 'order_not_found' }, 'a tag opens nothing')
})
