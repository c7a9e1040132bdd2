import t, { type Test as TapTest } from 'tap'
import { type Answer, createWorld, startPod, startWorkerPod, type World } from '../support/app.js'
import { createProduct, registerAdmin } from '../support/factories.js'
import { figure, scaled } from '../support/figures.js'
import { insertWelcome, untilOutboxClosed } from '../support/outbox.js'
import { startClusterRedis } from '../support/redis-cluster.js'
import { tooOldForForms } from '../support/redis-nodes.js'
import { startSentinelRedis } from '../support/redis-sentinel.js'
import { startSmtp } from '../support/smtp.js'
import { until } from '../support/until.js'

const ROUNDS = scaled(1, 10)
/** Each slot goes once around the three masters, and one further. */
const MOVES = 4
const JOBS_A_ROUND = scaled(20, 200)
const RECOVERY_LIMIT_MS = 30_000
/** What the replica had not heard of yet is handed over again after a minute. */
const OUTBOX_LIMIT_MS = 100_000
const skip = await tooOldForForms()
/** A job that the replica had not heard of waits for a minute, and so would all other tests. */
const inTheLongForm = skip || (scaled(1, 0) === 1 && 'npm run test:chaos runs it')

/** Asks again and again for what is cached, and for what is not, until it is told to stop. */
const readUntilStopped = (read: readonly (() => Promise<Answer>)[]) => {
  const bad: string[] = []
  let [count, stopped] = [0, false]
  const loops = read.map(async (ask) => {
    while (!stopped) {
      const { status, text } = await ask()
      count += 1
      if (status !== 200) bad.push(`${status} ${text}`)
    }
  })
  return {
    stop: async () => {
      stopped = true
      await Promise.all(loops)
      return { count, bad }
    },
  }
}

/** A pod that is read from and a worker with work, while `fault` happens to their Redis. */
const checkUnderLoad = async (t: TapTest, url: string, fault: (world: World) => Promise<void>) => {
  const smtp = await startSmtp(t)
  const world = await createWorld(t, { REDIS_URL: url, SMTP_URL: smtp.url })
  const { call } = await startPod(t, world)
  await startWorkerPod(t, world)
  const admin = await registerAdmin(call, world)
  const { id } = await createProduct(call, admin)
  const product = () => call('GET', `/v1/products/${id}`)
  const untilHit = (when: string) =>
    until(
      `the cache to serve ${when}`,
      async () => (await product()).headers.get('x-cache') === 'HIT',
      RECOVERY_LIMIT_MS,
    )
  await untilHit('at first')
  for (let round = 1; round <= ROUNDS; round += 1) {
    const reading = readUntilStopped([product, () => call('GET', '/v1/users/me', admin)])
    const jobs = Promise.all(Array.from({ length: JOBS_A_ROUND }, () => insertWelcome(world)))
    await Promise.all([jobs, fault(world)])
    await untilHit(`after fault ${round}`)
    const { count, bad } = await reading.stop()
    figure(t, `${count} reads around fault ${round}, ${bad.length} of them failed`)
    t.strictSame(bad, [], `${count} reads of round ${round}`)
  }
  const rows = await untilOutboxClosed(world, OUTBOX_LIMIT_MS)
  t.strictSame(
    rows.filter(({ failure }) => failure !== null),
    [],
    `${rows.length} jobs, none lost`,
  )
  const welcomed = new Set(smtp.mails.map(({ messageId }) => messageId))
  t.ok(welcomed.size >= ROUNDS * JOBS_A_ROUND, `${welcomed.size} mails`)
}

t.test('a Sentinel failover loses no job and fails no read', { skip: inTheLongForm }, async (t) => {
  const redis = await startSentinelRedis(t)
  await checkUnderLoad(t, redis.url, redis.failOver)
})

t.test('slots that move between the nodes of a Cluster lose no job and fail no read', { skip }, async (t) => {
  const redis = await startClusterRedis(t)
  await checkUnderLoad(t, redis.url, async ({ redisPrefix }) => {
    for (let move = 0; move < MOVES; move += 1) {
      await redis.moveSlotOf(`{${redisPrefix}-cache}`)
      await redis.moveSlotOf(`{${redisPrefix}-queue}`)
    }
  })
})
