import t from 'tap'
import { createWorld } from '../support/app.js'
import { nth } from '../support/crowd.js'
import { createProduct, registerAdmin } from '../support/factories.js'
import { figure, percentile, scaled } from '../support/figures.js'
import { startFleet } from '../support/fleet.js'
import { type Answers, askFromOutside, type Load } from '../support/open-load.js'
import { until } from '../support/until.js'

const SECONDS = 60
/** As many as its pool lets in however long they wait: a pod is busy, and next to nobody is refused. */
const AT_CAPACITY = 80
const BEYOND = 400
const NORMAL_AGAIN_MS = 5_000
/** It takes both processors for a while, and others would wait. */
const inTheLongForm = { skip: scaled(1, 0) === 1 && 'npm run test:chaos runs it' }
const ALLOWED = ['200', '429', '503']

const describe = (t: Parameters<typeof figure>[0], name: string, answers: Answers): void => {
  const refused =
    answers.refusals.length > 0 ? `, refused p99 ${Math.round(percentile(answers.refusals, 99))} ms` : ''
  figure(
    t,
    `${name}: ${answers.perSecond}/s, p99 ${answers.p99} ms${refused}, ${JSON.stringify(answers.statuses)}`,
  )
}

t.test(
  'row 14: at three times what a pod can do the surplus is refused, and the others are answered as soon as ever',
  inTheLongForm,
  async (t) => {
    // Uncached, so that an answer costs what it costs.
    const world = await createWorld(t, { CACHE_ENABLED: 'false', DATABASE_POOL_MAX: '10', LOG_LEVEL: 'info' })
    const { call, url, log } = nth(await startFleet(t, world, 1), 0)
    const admin = await registerAdmin(call, world)
    for (let index = 0; index < 50; index += 1) await createProduct(call, admin)
    const lists = { url: `${url}/v1/products?limit=100` }
    const ask = async (name: string, load: Omit<Load, 'url'>) => {
      const answers = await askFromOutside(t, { ...lists, ...load })
      describe(t, name, answers)
      return answers
    }
    await ask('warming up', { connections: AT_CAPACITY, seconds: 5 })
    const usual = await ask('at capacity', { connections: AT_CAPACITY, seconds: SECONDS })

    let isOver = false
    const probing = (async () => {
      const probes: number[] = []
      while (!isOver) probes.push((await call('GET', '/livez')).status)
      return probes
    })()
    const beyond = await ask('at 3 x', {
      connections: BEYOND,
      seconds: SECONDS,
      perSecond: usual.perSecond * 3,
    })
    isOver = true
    const probes = await probing
    figure(t, `row 14: p99 of what was let in ${(beyond.p99 / usual.p99).toFixed(2)} x that at capacity`)
    t.ok(probes.length > 0 && probes.every((status) => status === 200), 'alive all the time')
    t.strictSame(
      Object.keys(beyond.statuses).filter((status) => !ALLOWED.includes(status)),
      [],
    )
    t.ok(beyond.times.length > 0)
    const refused = log.filter(({ msg }) => msg === 'request refused')
    t.ok(refused.length >= (beyond.statuses['503'] ?? 0), 'each has its line')
    t.match(refused[0], { route: '/v1/products', status: 503, requestId: String })
    const normal = async () => (await call('GET', '/v1/products')).status === 200
    await until('all to be as before', normal, NORMAL_AGAIN_MS)
    for (let time = 0; time < 5; time += 1) t.ok(await normal())
  },
)
