import t, { type Test as TapTest } from 'tap'
import { type Answer, createWorld, startPod } from '../../support/app.js'
import { type CacheProbe, createCacheProbe } from '../../support/cache.js'
import { nth } from '../../support/crowd.js'
import { createProduct, registerAdmin } from '../../support/factories.js'
import { figure, scaled } from '../../support/figures.js'
import { type Server, startFleet } from '../../support/fleet.js'
import { createReadGate, type ReadGate } from '../../support/read-gate.js'
import { until } from '../../support/until.js'

/** What goes for the second pod goes for the third: they agree by one lock in Redis. */
const PODS = scaled(2, 3)
/** Thirty on each pod: all of them would load if nobody waited for another. */
const CLIENTS = scaled(60, 1_000)
/** Longer than anybody waits for somebody else's load, and shorter than the lock of a leader that is gone. */
const WAIT_LIMIT_MS = 3_000

const countOf = (answers: readonly Answer[], verdict: string): number =>
  answers.filter(({ headers }) => headers.get('x-cache') === verdict).length

interface Shop {
  readonly pods: readonly Server[]
  readonly gate: ReadGate
  readonly probe: CacheProbe
}

/**
 * All at once, on all pods in turn; nobody reads before somebody has come to Postgres, and so many are answered meanwhile.
 */
const rush = async ({ pods, gate }: Shop, path: string, meanwhile = 0) => {
  const before = await gate.countReads()
  let answering: Promise<Answer[]> | undefined
  let answered = 0
  const ask = async (index: number): Promise<Answer> => {
    const answer = await nth(pods, index % pods.length).call('GET', path)
    answered += 1
    return answer
  }
  await gate.whileShut(async () => {
    answering = Promise.all(Array.from({ length: CLIENTS }, (_, index) => ask(index)))
    await gate.untilMet()
    await until('others to be answered', () => answered >= meanwhile)
  })
  const answers = (await answering) ?? []
  return { answers, reads: (await gate.countReads()) - before }
}

const isOneLoad = (t: TapTest, { answers, reads }: Awaited<ReturnType<typeof rush>>, others: string) => {
  t.equal(answers.length, CLIENTS)
  t.ok(answers.every(({ status, text }) => status === 200 && text === answers[0]?.text))
  t.equal(reads, 1)
  t.equal(countOf(answers, 'MISS'), 1)
  figure(t, `${CLIENTS} clients on ${PODS} pods: ${reads} load; ${countOf(answers, others)} got ${others}`)
}

t.test('on several pods', async (t) => {
  const world = await createWorld(t)
  // Processes of their own: in one, the pods and their clients would keep each other from hearing Redis in time.
  const pods = await startFleet(t, world, PODS)
  const { call } = nth(pods, 0)
  const admin = await registerAdmin(call, world)
  const { id } = await createProduct(call, admin)
  const path = `/v1/products/${id}`
  const shop = { pods, gate: await createReadGate(world.database.sql), probe: createCacheProbe(t, world) }

  await t.test('of a crowd at one key one loads; where nothing is kept: the others wait', async (t) =>
    isOneLoad(t, await rush(shop, path), 'HIT'),
  )

  await t.test('where it has become old: the others get the old one', async (t) => {
    await shop.probe.expire(path)
    const { answers, reads } = await rush(shop, path, CLIENTS - 1)
    isOneLoad(t, { answers, reads }, 'STALE')
    t.equal(countOf(answers, 'STALE'), CLIENTS - 1)
    t.equal((await call('GET', path)).headers.get('x-cache'), 'HIT')
  })

  await t.test('where it has changed: nobody gets the old one', async (t) => {
    await call('PATCH', path, { token: admin.token, body: { stock: 3 } })
    const { answers, reads } = await rush(shop, path)
    isOneLoad(t, { answers, reads }, 'HIT')
    t.ok(answers.every(({ body }) => body.data.stock === 3))
  })

  await t.test('a leader that is gone keeps nobody waiting for long', async (t) => {
    const { id } = await createProduct(call, admin)
    const path = `/v1/products/${id}`
    await shop.probe.redis.set(shop.probe.lockKey(path), 'of a pod that was killed', 'PX', 5_000)
    const begun = performance.now()
    const { status, headers } = await call('GET', path)
    const ms = Math.round(performance.now() - begun)
    t.equal(status, 200)
    t.equal(headers.get('x-cache'), 'MISS')
    t.ok(ms < WAIT_LIMIT_MS, `in ${ms} ms`)
    t.equal((await call('GET', path)).headers.get('x-cache'), 'HIT', 'and keeps what it loaded')
  })

  await t.test('a leader that fails lets the next one try at once', async (t) => {
    // In this process: it has left its lock before we hear of the failure.
    const pod = await startPod(t, world)
    const { id } = await createProduct(pod.call, admin)
    const path = `/v1/products/${id}`
    await world.database.sql`alter view products rename to hidden`
    t.ok((await pod.call('GET', path)).status >= 500)
    await world.database.sql`alter view hidden rename to products`
    t.equal(await shop.probe.redis.exists(shop.probe.lockKey(path)), 0)
    t.equal((await pod.call('GET', path)).status, 200, 'the error was not kept')
  })
})
