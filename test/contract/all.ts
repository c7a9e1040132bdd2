import t, { type Test as TapTest } from 'tap'
import { createCall, createWorld, type World } from '../support/app.js'
import { type Account, createProduct, registerAdmin, registerUser } from '../support/factories.js'
import { setFaultStage } from '../support/fault-stage.js'
import { figure } from '../support/figures.js'
import type { Server } from '../support/fleet.js'
import { type Implementation, nestOnExpress, nestOnFastify, ours } from '../support/implementations.js'
import { startRoundRobin } from '../support/round-robin.js'
import { logIn, refresh } from '../support/sessions.js'
import { beyond } from './beyond/over-http.js'
import { type Expectation, prove } from './beyond/row.js'
import { beyondUnderFaults } from './beyond/under-faults.js'
import { contract } from './chapters/index.js'
import { type Scene, setScene } from './support/scene.js'

/*
 * `npm run contract:all`: the contract on ours, on Nest with either adapter, and on one of each behind one balancer; then
 * what the recipe does not promise. No part of `npm test`, which does not install the baseline.
 */

/** Runs a part, and says in one line how it went. */
const part = async (t: TapTest, what: string, run: (t: TapTest) => Promise<void>): Promise<void> => {
  const running = t.test(what, run)
  await running
  const { pass = 0, fail = 0 } = running.subtest?.counts ?? {}
  figure(t, `${what.padEnd(48)} ${String(pass).padStart(5)} ok ${String(fail).padStart(4)} not ok`)
}

const sceneAt = async (world: World, url: string): Promise<Scene> => {
  const { email, password } = await registerAdmin(createCall(url), world)
  return setScene({ url, adminEmail: email, adminPassword: password, patienceSeconds: 0 })
}

const testAlone = async (t: TapTest, implementation: Implementation, expected: Expectation) => {
  const world = await createWorld(t)
  const { url } = await implementation.startApi(t, world)
  const scene = await sceneAt(world, url)
  await part(t, `${implementation.name}: the contract`, (t) => contract(t, scene))
  await part(t, `${implementation.name}: expected to ${expected} beyond it`, async (t) => {
    await prove(t, beyond, scene, expected)
    await prove(t, beyondUnderFaults, await setFaultStage(t, implementation), expected)
  })
}

/** Whoever cached an answer cannot know that a pod of the other kind has changed what it tells. */
const UNCACHED = { CACHE_ENABLED: 'false' }

/** What is done at one pod is there at the other, at once and word for word. */
const testExchange = async (t: TapTest, admin: Account, here: Server, there: Server): Promise<void> => {
  const ada = await registerUser(here.call)
  const { id: productId } = await createProduct(here.call, admin)
  const list = await there.call('GET', '/v1/orders', { token: ada.token })
  t.strictSame([list.status, list.body.data], [200, []], 'a token of one is good at the other')
  const items = [{ productId, quantity: 3 }]
  const placed = await here.call('POST', '/v1/orders', { token: ada.token, body: { items } })
  const listed = await there.call('GET', '/v1/orders', { token: ada.token })
  t.strictSame(listed.body.data, [placed.body.data], 'an order of one is listed by the other')
  const path = `/v1/orders/${placed.body.data.id}/cancel`
  t.equal((await there.call('POST', path, { token: ada.token })).status, 200, 'and cancelled there')
  const product = await here.call('GET', `/v1/products/${productId}`)
  t.equal(product.body.data.stock, 10, 'its stock is back')
  const { refreshToken } = await logIn(there.call, ada)
  const next = await refresh(here.call, refreshToken)
  t.equal(next.status, 200, 'a session of one goes on at the other')
  const again = await refresh(there.call, refreshToken)
  t.equal(again.body.data.refreshToken, next.body.data.refreshToken, 'with the same successor')
}

/** What a Nest pod does not honour of ours, as docs/moving-from-nest.md tells whoever runs both. */
const testGaps = async (t: TapTest, world: World, admin: Account, one: Server, nest: Server) => {
  const ada = await registerUser(one.call)
  const { id: productId } = await createProduct(one.call, admin)
  const headers = { 'idempotency-key': 'my-first' }
  const place = async ({ call }: Server): Promise<string> => {
    const body = { items: [{ productId, quantity: 1 }] }
    return (await call('POST', '/v1/orders', { token: ada.token, headers, body })).body.data.id
  }
  const [first, second, third] = [await place(one), await place(nest), await place(one)]
  t.equal(first, third, 'a key is remembered by ours')
  t.not(first, second, 'and unknown to Nest: a second order')
  const rows = await world.database.sql`select payload from outbox where name = 'publish-order-event'`
  const published = rows.map(({ payload }) => payload.orderId).filter((id) => [first, second].includes(id))
  t.strictSame(published, [first], 'nobody publishes what Nest has placed')

  const { token, refreshToken } = await logIn(one.call, ada)
  t.equal((await one.call('POST', '/v1/auth/logout', { token })).status, 204)
  t.equal((await one.call('GET', '/v1/users/me', { token })).status, 401, 'log-out ends the token at ours')
  t.equal((await nest.call('GET', '/v1/users/me', { token })).status, 200, 'not at Nest, until it expires')
  t.equal((await refresh(nest.call, refreshToken)).status, 401, 'but no new one is given')
}

const testMixed = async (t: TapTest, nest: Implementation): Promise<void> => {
  const world = await createWorld(t)
  const [one, other] = await Promise.all([
    ours.startApi(t, world, UNCACHED),
    nest.startApi(t, world, UNCACHED),
  ])
  const url = await startRoundRobin(t, [one.url, other.url])
  const scene = await sceneAt(world, url)
  const admin = await registerAdmin(one.call, world)
  await part(t, `ours and ${nest.name}: what one does, the other sees`, async (t) => {
    await testExchange(t, admin, one, other)
    await testExchange(t, admin, other, one)
  })
  await part(t, `ours and ${nest.name}: what Nest does not honour`, (t) =>
    testGaps(t, world, admin, one, other),
  )
  await part(t, `ours and ${nest.name} behind one balancer`, (t) => contract(t, scene))
}

for (const [implementation, expected] of [
  [ours, 'pass'],
  [nestOnExpress, 'fail'],
  [nestOnFastify, 'fail'],
] as const) {
  await t.test(implementation.name, (t) => testAlone(t, implementation, expected))
}
for (const nest of [nestOnExpress, nestOnFastify]) {
  await t.test(`one of ours and one of ${nest.name}`, (t) => testMixed(t, nest))
}
