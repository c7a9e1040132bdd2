import t from 'tap'
import { v7 as uuidv7 } from 'uuid'
import { createWorld, startPod } from '../../support/app.js'
import { createProduct, registerAdmin } from '../../support/factories.js'
import { figure } from '../../support/figures.js'
import { startOwnRedis } from '../../support/own-redis.js'
import { until } from '../../support/until.js'

const MEBIBYTE = 1_048_576
/** For some dozens of answers. */
const ROOM = MEBIBYTE / 4
/** It takes some hundred requests. */
const FILL_LIMIT_MS = 40_000
/** As many as a pod with so few connections lets in however busy it is. */
const AT_ONCE = 40
/** Of the server's memory; what else it has is the queues'. */
const SHARE = 0.75
/** Less than that is left when nothing more is kept: what is kept is counted for a little more than it takes. */
const REST = 0.02
/** What else Redis has at the moment. */
const TOLERANCE = 0.05

t.test('who walks through ids that do not exist does not fill the Redis of the queues', async (t) => {
  const redis = await startOwnRedis(t)
  const world = await createWorld(t, { REDIS_URL: redis.url })
  const { call } = await startPod(t, world)
  const { id } = await createProduct(call, await registerAdmin(call, world))
  const known = `/v1/products/${id}`
  const verdict = async (path: string) => (await call('GET', path)).headers.get('x-cache')
  const memory = async (name: string): Promise<number> =>
    Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(await redis.client.info('memory'))?.[1])
  for (const expected of ['MISS', 'HIT']) t.equal(await verdict(known), expected)
  const base = await memory('used_memory')
  const limit = Math.ceil(base / SHARE) + ROOM
  await redis.client.config('SET', 'maxmemory', String(limit))

  let walked = 0
  const walk = async (): Promise<void> => {
    const steps = Array.from({ length: AT_ONCE }, () => call('GET', `/v1/products/${uuidv7()}`))
    const answers = await Promise.all(steps)
    if (answers.some(({ status }) => status !== 404)) t.fail('an unknown id was found')
    walked += AT_ONCE
  }
  const kept = async () => (await redis.client.keys(`${world.redisPrefix}:cache:*`)).length
  const isFilled = async () => {
    const before = await kept()
    await walk()
    return (
      walked > AT_ONCE && (await memory('used_memory')) > (SHARE - REST) * limit && (await kept()) <= before
    )
  }
  await until('nothing more to be kept', isFilled, FILL_LIMIT_MS)
  for (const _time of [1, 2, 3]) await walk()
  const used = await memory('used_memory')
  t.ok(used < (SHARE + TOLERANCE) * limit, `${used} of ${limit} bytes`)
  figure(
    t,
    `${walked} unknown ids: ${Math.round((100 * used) / limit)} % of Redis used, ${await kept()} kept`,
  )
  await redis.client.set('what a queue writes', 'x'.repeat(100_000))
  t.equal(await verdict(known), 'HIT', 'what is kept is still given')

  await t.test('when there is room again, more is kept', async (t) => {
    await redis.client.config('SET', 'maxmemory', String(100 * MEBIBYTE))
    const path = `/v1/products?limit=7`
    await until('an answer to be kept', async () => (await verdict(path)) === 'HIT')
    t.equal(await verdict(path), 'HIT', 'and stays so')
  })
})
