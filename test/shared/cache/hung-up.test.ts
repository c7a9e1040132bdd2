import t from 'tap'
import { createWorld, type Pod, startPod } from '../../support/app.js'
import { testServices } from '../../support/environment.js'
import { createProduct, registerAdmin } from '../../support/factories.js'
import { startProxy } from '../../support/proxy.js'
import { createReadGate } from '../../support/read-gate.js'
import { until } from '../../support/until.js'

const CROWD = 200
/** One under way, and one for all who came meanwhile (docs/cache.md). */
const LOADS = 2

/** How many requests have come to the pod from now on, and of how many nobody listens any more. */
const countRequests = ({ app }: Pod) => {
  const counts = { come: 0, closed: 0 }
  app.server.on('request', (_request, response) => {
    counts.come += 1
    response.once('close', () => {
      counts.closed += 1
    })
  })
  return counts
}

t.test('a crowd that hangs up while Redis is away', async (t) => {
  const proxy = await startProxy(t, new URL(testServices().redisUrl))
  const world = await createWorld(t, { REDIS_URL: `redis://127.0.0.1:${proxy.port}` })
  const pod = await startPod(t, world)
  const { id } = await createProduct(pod.call, await registerAdmin(pod.call, world))
  const path = `/v1/products/${id}`
  const gate = await createReadGate(world.database.sql)
  await proxy.cut()
  const counts = countRequests(pod)
  const hangUp = new AbortController()
  let asking: Promise<PromiseSettledResult<Response>[]> | undefined

  await gate.whileShut(async () => {
    const ask = () => fetch(`${pod.url}${path}`, { signal: hangUp.signal })
    asking = Promise.allSettled(Array.from({ length: CROWD }, ask))
    await gate.untilMet()
    await until('all of them to come', () => counts.come === CROWD)
    hangUp.abort()
    await until('the pod to hear of it', () => counts.closed === CROWD)
  })
  const answers = await asking
  t.ok(
    answers?.every(({ status }) => status === 'rejected'),
    'nobody was answered',
  )
  // Behind all that the crowd has left: from a load that it has left, or by the next one.
  const { status, headers } = await pod.call('GET', path)
  t.equal(status, 200)
  t.match(headers.get('x-cache'), /^(HIT|BYPASS)$/)
  const reads = (await gate.countReads()) - 1
  t.ok(reads >= 1 && reads <= LOADS, `${CROWD} clients: ${reads} loads`)
  t.equal((await pod.call('GET', path)).status, 200, 'and the key is free')
})
