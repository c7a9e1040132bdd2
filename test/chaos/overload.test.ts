import autocannon from 'autocannon'
import t from 'tap'
import { createWorld } from '../support/app.js'
import { nth } from '../support/crowd.js'
import { createProduct, registerAdmin } from '../support/factories.js'
import { figure, percentile, scaled } from '../support/figures.js'
import { startFleet } from '../support/fleet.js'
import { until } from '../support/until.js'

const SECONDS = 60
const AT_CAPACITY = 16
const BEYOND = 400
const NORMAL_AGAIN_MS = 5_000
/** It takes both processors for a while, and others would wait. */
const inTheLongForm = { skip: scaled(1, 0) === 1 && 'npm run test:chaos runs it' }
const ALLOWED = ['200', '429', '503']

interface Load {
  readonly connections: number
  readonly duration: number
  readonly overallRate?: number
}

/** Asks for lists; the times are those of the answers with what was asked for. */
const ask = async (t: Parameters<typeof figure>[0], name: string, url: string, load: Load) => {
  const times: number[] = []
  const statuses: Record<number, number> = {}
  const { requests, errors } = await autocannon({
    url: `${url}/v1/products?limit=100`,
    ...load,
    setupClient: (client) => {
      client.on('response', (status, _bytes, ms) => {
        statuses[status] = (statuses[status] ?? 0) + 1
        if (status === 200) times.push(ms)
      })
    },
  })
  const p99 = Math.round(percentile(times, 99))
  figure(t, `${name}: ${Math.round(requests.average)}/s, p99 ${p99} ms, ${JSON.stringify(statuses)}`)
  return { statuses, perSecond: requests.average, errors }
}

t.test(
  'at three times what a pod can do nothing breaks, and it is as before afterwards',
  inTheLongForm,
  async (t) => {
    // Uncached, so that an answer costs what it costs.
    const world = await createWorld(t, { CACHE_ENABLED: 'false' })
    const { call, url } = nth(await startFleet(t, world, 1), 0)
    const admin = await registerAdmin(call, world)
    for (let index = 0; index < 50; index += 1) await createProduct(call, admin)
    const usual = await ask(t, 'at capacity', url, { connections: AT_CAPACITY, duration: SECONDS })

    let isOver = false
    const probing = (async () => {
      const probes: number[] = []
      while (!isOver) probes.push((await call('GET', '/livez')).status)
      return probes
    })()
    const beyond = await ask(t, 'at 3 x', url, {
      connections: BEYOND,
      duration: SECONDS,
      overallRate: Math.round(usual.perSecond * 3),
    })
    isOver = true
    const probes = await probing
    t.ok(probes.length > 0 && probes.every((status) => status === 200), 'alive all the time')
    t.strictSame(
      Object.keys(beyond.statuses).filter((status) => !ALLOWED.includes(status)),
      [],
    )
    t.equal(beyond.errors, 0)
    const normal = async () => (await call('GET', '/v1/products')).status === 200
    await until('all to be as before', normal, NORMAL_AGAIN_MS)
    for (let time = 0; time < 5; time += 1) t.ok(await normal())
  },
)
