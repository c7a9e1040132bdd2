import { setTimeout as wait } from 'node:timers/promises'
import t from 'tap'
import { type Call, createWorld } from '../../support/app.js'
import { nth } from '../../support/crowd.js'
import { createProduct, registerAdmin } from '../../support/factories.js'
import { figure, scaled } from '../../support/figures.js'
import { startTwo } from '../../support/fleet.js'
import { createSlowReads } from '../../support/slow-reads.js'

const WAIT_LIMIT_MS = 3_500
/** Without a leader, half as many on each pod would load at once. */
const READERS = scaled(60, 200)
const WRITES = scaled(6, 20)
/** Less than half of the 50 ms that a load takes here: each load is met by all readers. */
const PAUSE_MS = scaled(20, 0)

/** What the servers themselves measured, which does not count how busy the clients are. */
const longest = (servers: Awaited<ReturnType<typeof startTwo>>): number =>
  Math.max(
    ...servers.flatMap(({ log }) =>
      log
        .filter(({ route, method }) => /^\/v1\/products/.test(String(route)) && method === 'GET')
        .map(({ ms }) => Number(ms)),
    ),
  )

t.test('on two pods', async (t) => {
  const world = await createWorld(t, { DATABASE_POOL_MAX: '20' })
  const servers = await startTwo(t, world)
  const [one, other] = servers
  const admin = await registerAdmin(one.call, world)
  const [busy, slow] = [
    await createProduct(one.call, admin, { stock: 0 }),
    await createProduct(one.call, admin),
  ]
  const { take, mostAtOnce } = await createSlowReads(world.database.sql)

  await t.test('a key that is written all the time', async (t) => {
    const path = `/v1/products/${busy.id}`
    await take(50)
    let written = 0
    let older = 0

    const keepWriting = async (): Promise<void> => {
      while (written < WRITES) {
        const body = { stock: written + 1 }
        const { status, text } = await one.call('PATCH', path, { token: admin.token, body })
        if (status !== 200) throw new Error(text)
        written += 1
      }
    }
    const keepReading = async (call: Call): Promise<void> => {
      while (written < WRITES) {
        const before = written
        const { status, body } = await call('GET', path)
        if (status !== 200) throw new Error(`answered ${status}`)
        if (body.data.stock < before) older += 1
        await wait(PAUSE_MS)
      }
    }
    const writing = keepWriting()
    writing.catch(() => {})
    const calls = [one.call, other.call]
    const reading = Promise.all(
      Array.from({ length: READERS }, (_, index) => keepReading(nth(calls, index % calls.length))),
    )
    await reading
    const atOnce = await mostAtOnce()
    await writing
    t.equal(older, 0, 'nobody gets what is older than an answered write')
    t.ok(atOnce > 0 && atOnce <= servers.length, `loaded by one a pod: ${atOnce} at once`)
    // How long two loads take is the machine's business; beyond this they would be answered with 503.
    t.ok(longest(servers) < WAIT_LIMIT_MS, `nobody waits in vain: ${longest(servers)} ms`)
    figure(
      t,
      `${READERS} readers on 2 pods beside ${written} writes: ${atOnce} loads at once, at most ${longest(servers)} ms`,
    )
  })

  const ask = (path: string) =>
    Promise.all(Array.from({ length: READERS }, (_, index) => nth(servers, index % 2).call('GET', path)))

  await t.test('a key that is slow to load is loaded by one a pod, and everybody is answered', async (t) => {
    await take(2_000)
    const result = await ask(`/v1/products/${slow.id}`)
    const atOnce = await mostAtOnce()
    t.ok(atOnce > 0 && atOnce <= servers.length, `${atOnce} at once`)
    t.ok(result.every(({ status }) => status === 200))
  })

  await t.test('and where it is too slow, nobody waits for ever', async (t) => {
    await take(20_000)
    const result = await ask('/v1/products?limit=1')
    const atOnce = await mostAtOnce()
    t.ok(atOnce > 0 && atOnce <= servers.length, `${atOnce} at once`)
    t.ok(result.every(({ status, headers }) => status === 503 && headers.get('retry-after') !== null))
    t.ok(longest(servers) < 5_000, `${longest(servers)} ms`)
  })
})
