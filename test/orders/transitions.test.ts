import t from 'tap'
import { createWorld, startPod } from '../support/app.js'
import { createProduct, registerAdmin, registerUser } from '../support/factories.js'
import { isProblem } from '../support/problem.js'

const VERBS = ['confirm', 'ship', 'deliver', 'cancel'] as const
type Verb = (typeof VERBS)[number]

/** The state machine as the contract has it, written down once more: where each verb leads, by state. */
const LEADS_TO: Readonly<Record<string, Partial<Record<Verb, string>>>> = {
  placed: { confirm: 'confirmed', cancel: 'cancelled' },
  confirmed: { ship: 'shipped', cancel: 'cancelled' },
  shipped: { deliver: 'delivered' },
  delivered: {},
  cancelled: {},
  expired: {},
}

t.test('an order moves on', async (t) => {
  const world = await createWorld(t)
  const { sql } = world.database
  const { call } = await startPod(t, world)
  const admin = await registerAdmin(call, world)
  const ada = await registerUser(call)
  const eve = await registerUser(call, 'Eve')
  const mug = await createProduct(call, admin, { stock: 1_000 })

  const place = async (): Promise<string> => {
    const items = [{ productId: mug.id, quantity: 2 }]
    return (await call('POST', '/v1/orders', { token: ada.token, body: { items } })).body.data.id
  }
  const move = (id: string, verb: Verb, headers = {}, token = admin.token) =>
    call('POST', `/v1/orders/${id}/${verb}`, { token, headers })
  const historyOf = async (id: string, token = ada.token) =>
    (await call('GET', `/v1/orders/${id}/events`, { token })).body.data
  const stock = async () => (await sql`select stock from products where id = ${mug.id}`)[0]?.['stock']
  const published = async (id: string) =>
    [
      ...(await sql`select payload->>'to' as to, (payload->>'version')::int as version from outbox
        where name = 'publish-order-event' and payload->>'orderId' = ${id} order by 2`),
    ].map((row) => ({ ...row }))

  await t.test('from placed to delivered, each step in its history and published', async (t) => {
    const id = await place()
    const tags: (string | null)[] = []
    for (const [verb, status] of [
      ['confirm', 'confirmed'],
      ['ship', 'shipped'],
      ['deliver', 'delivered'],
    ] as const) {
      const answer = await move(id, verb)
      t.equal(answer.status, 200, verb)
      t.match(answer.body.data, { id, status, userId: ada.id, items: [{ quantity: 2 }] })
      const read = await call('GET', `/v1/orders/${id}`, { token: ada.token })
      t.strictSame(read.body, answer.body, 'the answer is the resource')
      t.equal(read.headers.get('etag'), answer.headers.get('etag'))
      tags.push(answer.headers.get('etag'))
    }
    t.equal(new Set(tags).size, 3, 'each version has its tag')
    const history = await historyOf(id)
    t.match(history, [
      { from: null, to: 'placed', actorId: ada.id },
      { from: 'placed', to: 'confirmed', actorId: admin.id },
      { from: 'confirmed', to: 'shipped', actorId: admin.id },
      { from: 'shipped', to: 'delivered', actorId: admin.id },
    ])
    t.strictSame(Object.keys(history[0]), ['from', 'to', 'actorId', 'createdAt'])
    t.strictSame(await published(id), [
      { to: 'placed', version: 1 },
      { to: 'confirmed', version: 2 },
      { to: 'shipped', version: 3 },
      { to: 'delivered', version: 4 },
    ])
  })

  await t.test('only as the contract says, and a refusal changes nothing', async (t) => {
    for (const [status, leads] of Object.entries(LEADS_TO)) {
      for (const verb of VERBS) {
        const id = await place()
        await sql`update orders set status = ${status} where id = ${id}`
        const before = await stock()
        const answer = await move(id, verb)
        const to = leads[verb]
        const what = `${verb} when ${status}`
        if (to === undefined) {
          isProblem(t, answer, { status: 409, code: 'invalid_transition' }, what)
          t.equal(answer.body.from, status, what)
          t.equal((await historyOf(id)).length, 1, what)
          t.equal((await published(id)).length, 1, what)
          t.equal(await stock(), before, what)
        } else {
          t.equal(answer.body.data.status, to, what)
          t.equal(await stock(), before + (to === 'cancelled' ? 2 : 0), what)
        }
      }
    }
  })

  await t.test('cancelling gives the stock back once, whoever and however often', async (t) => {
    const before = await stock()
    const id = await place()
    t.equal(await stock(), before - 2)
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, n) => move(id, 'cancel', {}, n % 2 ? admin.token : ada.token)),
    )
    t.strictSame(answers.map(({ status }) => status).sort(), [200, ...Array(7).fill(409)])
    t.equal(await stock(), before)
    t.strictSame(
      (await historyOf(id)).map(({ to }: { to: string }) => to),
      ['placed', 'cancelled'],
    )
  })

  await t.test('two who move it at once do it one after the other', async (t) => {
    const id = await place()
    const [confirmed, cancelled] = await Promise.all([move(id, 'confirm'), move(id, 'cancel')])
    t.equal(cancelled.status, 200, 'it can be cancelled before and after')
    t.ok([200, 409].includes(confirmed.status))
    const path = (await historyOf(id)).map(({ to }: { to: string }) => to)
    t.strictSame(
      path,
      confirmed.status === 200 ? ['placed', 'confirmed', 'cancelled'] : ['placed', 'cancelled'],
    )
  })

  await t.test('only in the version that one has seen, if one says which', async (t) => {
    const id = await place()
    const read = () => call('GET', `/v1/orders/${id}`, { token: ada.token })
    const etag = (await read()).headers.get('etag') ?? ''
    for (const wrong of ['"99"', `W/${etag}`, 'nonsense', '""']) {
      const answer = await move(id, 'confirm', { 'if-match': wrong })
      isProblem(t, answer, { status: 412, code: 'precondition_failed' }, wrong)
      t.equal(answer.headers.get('etag'), etag, `${wrong}: the current one`)
    }
    const confirmed = await move(id, 'confirm', { 'if-match': `"99", ${etag}` })
    t.equal(confirmed.status, 200)
    const late = await move(id, 'confirm', { 'if-match': etag })
    isProblem(t, late, { status: 412, code: 'precondition_failed' }, 'the version before the state')
    t.equal((await move(id, 'ship', { 'if-match': '*' })).status, 200)
    t.equal((await move(id, 'deliver')).status, 200, 'without one any version will do')
  })

  await t.test('nobody else’s, and not one that is not there', async (t) => {
    const id = await place()
    const notFound = { status: 404, code: 'order_not_found' }
    isProblem(t, await move(id, 'cancel', {}, eve.token), notFound)
    isProblem(t, await move('00000000-0000-7000-8000-000000000000', 'ship'), notFound)
    isProblem(t, await move(id, 'confirm', {}, ada.token), { status: 403, code: 'forbidden' })
    isProblem(t, await move('42', 'cancel'), { status: 400, code: 'validation_failed' })
    const foreign = await call('GET', `/v1/orders/${id}/events`, { token: eve.token })
    isProblem(t, foreign, notFound)
    t.equal((await historyOf(id, admin.token)).length, 1, 'an admin sees the history too')
  })

  await t.test('the history has pages, and each cursor belongs to one order', async (t) => {
    const [id, other] = [await place(), await place()]
    await move(id, 'confirm')
    await move(id, 'cancel')
    const page = (path: string) => call('GET', path, { token: ada.token })
    const first = await page(`/v1/orders/${id}/events?limit=2`)
    const { nextCursor } = first.body.meta
    const rest = await page(`/v1/orders/${id}/events?limit=2&cursor=${nextCursor}`)
    t.strictSame(
      [...first.body.data, ...rest.body.data].map(({ to }: { to: string }) => to),
      ['placed', 'confirmed', 'cancelled'],
    )
    t.equal(rest.body.meta.nextCursor, null)
    const foreign = await page(`/v1/orders/${other}/events?limit=2&cursor=${nextCursor}`)
    isProblem(t, foreign, { status: 400, code: 'validation_failed' })
  })
})
