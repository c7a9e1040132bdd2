import { Cluster } from 'ioredis'
import t, { type Test as TapTest } from 'tap'
import { connectRedis, failFast } from '../../src/shared/cache/redis.js'
import { createLogger } from '../../src/shared/telemetry/logger.js'
import { type Answer, createWorld, startPod, startWorkerPod, type World } from '../support/app.js'
import { checkHints, checkSilence } from '../support/cluster-hints.js'
import { createCrowd, nth } from '../support/crowd.js'
import { createProduct } from '../support/factories.js'
import { figure, scaled } from '../support/figures.js'
import { insertWelcome, outboxRows } from '../support/outbox.js'
import { type ClusterRedis, startClusterRedis } from '../support/redis-cluster.js'
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
const FAILOVER_LIMIT_MS = 100_000
/** A Cluster loses nothing: at most a worker's lock runs out, and the queue looks for such ones twice. */
const MOVE_LIMIT_MS = 25_000
const ASKING_TIMEOUT_MS = 500
const QUEUE_LOST = 'the queue was empty and is filled again from the outbox'
const logger = createLogger({ level: 'silent', process: 'test' })
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

/** Waits as long as jobs get done, however many a second: so long is the limit for one. @returns all rows */
const untilNoneIsOpen = async (world: World, limitMs: number) => {
  const count = async () => (await outboxRows(world)).filter(({ closed_at }) => closed_at === null).length
  let open = await count()
  while (open > 0) {
    const before = open
    const oneLess = async () => {
      open = await count()
      return open < before
    }
    await until(`one of ${before} jobs to be done`, oneLess, limitMs)
  }
  return outboxRows(world)
}

/** A pod and a worker on the Redis of this URL. */
const beginScene = async (t: TapTest, url: string) => {
  const smtp = await startSmtp(t)
  const world = await createWorld(t, { REDIS_URL: url, SMTP_URL: smtp.url })
  const { app, call } = await startPod(t, world)
  const { log } = await startWorkerPod(t, world)
  const admin = nth(await createCrowd(world, app, 1, 'admin'), 0)
  const { id } = await createProduct(call, admin)
  return { smtp, world, call, admin, id, log }
}

type Scene = Awaited<ReturnType<typeof beginScene>>

interface Fault {
  readonly happen: (world: World) => Promise<void>
  /** How long a job may take after it. */
  readonly limitMs: number
}

/** The pod is read from and the worker has work, while the fault happens to their Redis. */
const checkUnderLoad = async (t: TapTest, scene: Scene, { happen, limitMs }: Fault) => {
  const { smtp, world, call, admin, id } = scene
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
    await Promise.all([jobs, happen(world)])
    await untilHit(`after fault ${round}`)
    const { count, bad } = await reading.stop()
    figure(t, `${count} reads around fault ${round}, ${bad.length} of them failed`)
    t.strictSame(bad, [], `${count} reads of round ${round}`)
  }
  const rows = await untilNoneIsOpen(world, limitMs)
  t.strictSame(
    rows.filter(({ failure }) => failure !== null),
    [],
    `${rows.length} jobs, none lost`,
  )
  const welcomed = new Set(smtp.mails.map(({ messageId }) => messageId))
  t.ok(welcomed.size >= ROUNDS * JOBS_A_ROUND, `${welcomed.size} mails`)
}

/** The library asks so before what it was redirected to, and waits for no answer; the runner fails a test for what nobody handles. */
const checkAsking = async (t: TapTest, { url, nodes }: ClusterRedis) => {
  const { redis, close } = await connectRedis(url, 'test', logger, failFast(ASKING_TIMEOUT_MS))
  t.teardown(close)
  if (!(redis instanceof Cluster)) throw new Error('this is no Cluster')
  const node = await until('a node to be known', () => redis.nodes('master')[0])
  await until('it to answer', () => node.ping().catch(() => undefined))
  const server = nodes.find(({ port }) => port === node.options.port)
  t.teardown(() => server?.thaw())
  server?.freeze()
  void node.asking()
  await t.rejects(node.ping(), { message: 'Command timed out' })
}

t.test('a Sentinel failover loses no job and fails no read', { skip: inTheLongForm }, async (t) => {
  const redis = await startSentinelRedis(t)
  await checkUnderLoad(t, await beginScene(t, redis.url), {
    happen: redis.failOver,
    limitMs: FAILOVER_LIMIT_MS,
  })
})

t.test('slots that move between the nodes of a Cluster lose no job and fail no read', { skip }, async (t) => {
  const redis = await startClusterRedis(t)
  await t.test('a node that says nothing is no good news', (t) => checkSilence(t, redis))
  await t.test('a redirection to a node that says nothing ends no process', (t) => checkAsking(t, redis))
  const scene = await beginScene(t, redis.url)
  const moveSlots = async ({ redisPrefix }: World) => {
    for (let move = 0; move < MOVES; move += 1) {
      await redis.moveSlotOf(`{${redisPrefix}-cache}`)
      await redis.moveSlotOf(`{${redisPrefix}-queue}`)
    }
  }
  await checkUnderLoad(t, scene, { happen: moveSlots, limitMs: MOVE_LIMIT_MS })
  const alarms = scene.log.filter(({ msg }) => msg === QUEUE_LOST)
  t.strictSame(alarms, [], 'a queue between two nodes is not taken for lost')
  await t.test('an event reaches a socket on another pod', (t) => checkHints(t, scene, redis))
})
