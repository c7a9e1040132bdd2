import { setTimeout as wait } from 'node:timers/promises'
import t from 'tap'
import { type Call, createWorld } from '../support/app.js'
import { createCrowd, nth } from '../support/crowd.js'
import { createProduct } from '../support/factories.js'
import { figure, scaled } from '../support/figures.js'
import { startPods } from '../support/pods.js'

/** In the least each pod is read eight times after each other one has written. */
const ROUNDS = scaled(48, 10_000)
const READERS = 2

/** A pause in which a write comes and goes: reads without one would take most of the time. */
const PAUSE_MS = scaled(5, 0)

/** Reads all the time, so that no write meets a cache at rest. */
const keepReading = (call: Call, paths: readonly string[]) => {
  let stopped = false
  let reads = 0
  const reading = (async () => {
    while (!stopped) {
      await call('GET', nth(paths, reads % paths.length))
      reads += 1
      if (PAUSE_MS > 0) await wait(PAUSE_MS)
    }
    return reads
  })()
  reading.catch(() => {})
  return () => {
    stopped = true
    return reading
  }
}

t.test('whoever was told that it is written reads it through every other pod', async (t) => {
  const world = await createWorld(t)
  const { calls, kind, app } = await startPods(t, world, 3)
  const admin = nth(await createCrowd(world, app, 1, 'admin'), 0)
  const { id } = await createProduct(nth(calls, 0), admin, { stock: 0 })
  const [path, list] = [`/v1/products/${id}`, '/v1/products?limit=5']
  const stops = Array.from({ length: READERS }, (_, index) =>
    keepReading(nth(calls, index % 3), [path, list]),
  )

  const verdicts: Record<string, number> = {}
  let older = 0
  for (let round = 1; round <= ROUNDS; round += 1) {
    const [writer, reader] = [nth(calls, round % 3), nth(calls, (round + 1 + (round % 2)) % 3)]
    const written = await writer('PATCH', path, { token: admin.token, body: { stock: round } })
    if (written.status !== 200) throw new Error(`not written: ${written.text}`)
    const [one, many] = await Promise.all([reader('GET', path), reader('GET', list)])
    for (const { headers } of [one, many]) {
      const verdict = String(headers.get('x-cache'))
      verdicts[verdict] = (verdicts[verdict] ?? 0) + 1
    }
    if (one.body.data.stock !== round || many.body.data[0].stock !== round) older += 1
  }
  const reads = (await Promise.all(stops.map((stop) => stop()))).reduce((sum, count) => sum + count, 0)
  t.equal(older, 0)
  t.equal(verdicts['BYPASS'] ?? 0, 0, 'the cache was in use')
  figure(
    t,
    `${ROUNDS} writes, each read through another of 3 ${kind}: ${older} older; ${JSON.stringify(verdicts)}`,
  )
  figure(t, `beside ${reads} reads of ${READERS} others`)
})
