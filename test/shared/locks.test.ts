import { Redis } from 'ioredis'
import t, { type Test as TapTest } from 'tap'
import { connectRedis, failFast } from '../../src/shared/cache/redis.js'
import { connectDatabase } from '../../src/shared/database/client.js'
import { createLocks, type Holder } from '../../src/shared/lock/locks.js'
import { createLogger } from '../../src/shared/telemetry/logger.js'
import { createWorld, type World } from '../support/app.js'
import { insertJob, outboxRows } from '../support/outbox.js'
import { startProxy } from '../support/proxy.js'
import { createPrivateRedis } from '../support/redis.js'
import { until } from '../support/until.js'

const COMMAND_TIMEOUT_MS = 500
/** An attempt and the release after it, each with a script by its hash. */
const AWAY_LIMIT_MS = 4 * COMMAND_TIMEOUT_MS
t.jobs = 3
const logger = createLogger({ level: 'silent', process: 'test' })

/** The locks as one pod has them, on connections of its own. */
const openLocks = async (t: TapTest, { database, redisPrefix, env }: World) => {
  const url = String(env['REDIS_URL'])
  const pool = connectDatabase({ url: database.url, poolMax: 2, applicationName: 'test' })
  const { redis, close } = await connectRedis(url, 'test', logger, failFast(COMMAND_TIMEOUT_MS))
  t.teardown(() => Promise.all([close(), pool.close()]))
  return createLocks({ database: pool.database, redis, prefix: redisPrefix, lockMs: 10_000 })
}

const openRedis = (t: TapTest, world: World): Redis => {
  const redis = new Redis(String(world.env['REDIS_URL']))
  t.teardown(() => redis.quit())
  return redis
}

/** Work that goes on until it is told to end. */
const createWork = () => {
  let end = () => {}
  const ended = new Promise<void>((resolve) => {
    end = resolve
  })
  let holder: Holder | undefined
  const work = (given: Holder): Promise<void> => {
    holder = given
    return ended
  }
  return { work, end, untilHeld: () => until('the lock to be held', () => holder) }
}

t.test('of two pods at once one works and the other is told so', async (t) => {
  const world = await createWorld(t)
  const [first, second] = [await openLocks(t, world), await openLocks(t, world)]
  const redis = openRedis(t, world)
  const { work, end, untilHeld } = createWork()
  const running = first.runExclusive('report', work)
  await untilHeld()
  const refused = await second.runExclusive('report', async () => void t.fail('must not run'))
  t.equal(refused, false)
  t.equal(await second.runExclusive('another', async () => {}), true, 'another name is another lock')
  t.ok((await redis.pttl(`${world.redisPrefix}:lock:report`)) > 0, 'a dead pod does not hold it for ever')
  end()
  t.equal(await running, true)
  t.equal(await redis.exists(`${world.redisPrefix}:lock:report`), 0, 'nothing is left in Redis')
  t.equal(await second.runExclusive('report', async () => {}), true, 'now it may')
})

t.test('of ten at once exactly one works', async (t) => {
  const world = await createWorld(t)
  const locks = await openLocks(t, world)
  const { work, end, untilHeld } = createWork()
  const attempts = Array.from({ length: 10 }, () => locks.runExclusive('report', work))
  await untilHeld()
  await Promise.race(attempts)
  end()
  t.equal((await Promise.all(attempts)).filter(Boolean).length, 1)
})

t.test('a failure of the work is passed on and the lock is free again', async (t) => {
  const world = await createWorld(t)
  const locks = await openLocks(t, world)
  const failing = locks.runExclusive('report', async () => {
    throw new Error('no paper')
  })
  await t.rejects(failing, { message: 'no paper' })
  t.equal(await locks.runExclusive('report', async () => {}), true)
})

t.test('who lost the lock cannot write any more', async (t) => {
  const world = await createWorld(t)
  const [first, second] = [await openLocks(t, world), await openLocks(t, world)]
  const redis = openRedis(t, world)
  const slow = createWork()
  const running = first.runExclusive('report', slow.work)
  const stale = await slow.untilHeld()
  await redis.del(`${world.redisPrefix}:lock:report`)
  const next = createWork()
  const succeeding = second.runExclusive('report', next.work)
  const current = await next.untilHeld()

  let reached = false
  const late = stale.write(async () => {
    reached = true
    await insertJob(world, { payload: {} })
  })
  await t.rejects(late, { name: 'StaleHolderError' })
  t.notOk(reached)
  t.strictSame(await outboxRows(world), [], 'nothing is written')
  t.equal(await current.write(async () => 'written'), 'written', 'its successor can')
  slow.end()
  await running.catch(() => {})
  t.equal(await redis.exists(`${world.redisPrefix}:lock:report`), 1, "and keeps the successor's lock")
  next.end()
  t.equal(await succeeding, true)
})

t.test('who hears nothing from Postgres gives the lock up', async (t) => {
  const world = await createWorld(t)
  const proxy = await startProxy(t, new URL(world.database.url))
  const near = new URL(world.database.url)
  near.port = String(proxy.port)
  const cutOff = await openLocks(t, { ...world, database: { ...world.database, url: near.href } })
  const other = await openLocks(t, world)
  let written: unknown
  const running = cutOff.runExclusive('report', async ({ write }) => {
    proxy.stall()
    written = await write(async () => 'written')
  })
  await t.rejects(running, { name: 'DeadlineError' })
  t.equal(written, undefined)
  t.equal(await other.runExclusive('report', async () => {}), true, 'another one has it at once')
  await proxy.cut()
})

t.test('without Redis it says so within the time-out', async (t) => {
  const redis = await createPrivateRedis(t)
  const world = await createWorld(t, { REDIS_URL: redis.url })
  await redis.start()
  const locks = await openLocks(t, world)
  const refuse = async () => void t.fail('must not run')
  t.equal(await locks.runExclusive('report', async () => {}), true)

  await t.test('that is silent', async (t) => {
    redis.freeze()
    const begun = performance.now()
    await t.rejects(locks.runExclusive('report', refuse), { name: 'ExecutionError' })
    t.ok(performance.now() - begun < AWAY_LIMIT_MS)
    redis.thaw()
  })

  await t.test('that is gone', async (t) => {
    await redis.stop()
    const begun = performance.now()
    await t.rejects(locks.runExclusive('report', refuse), { name: 'ExecutionError' })
    t.ok(performance.now() - begun < AWAY_LIMIT_MS)
  })
})

t.test('a Redis that goes while the lock is held aborts the work, and stops nothing else', async (t) => {
  const redis = await createPrivateRedis(t)
  const world = await createWorld(t, { REDIS_URL: redis.url })
  await redis.start()
  const locks = await openLocks(t, world)
  const { work, end, untilHeld } = createWork()
  const running = locks.runExclusive('report', work)
  const { signal } = await untilHeld()
  await redis.stop()
  let longestPause = 0
  let last = performance.now()
  await until('the signal', () => {
    longestPause = Math.max(longestPause, performance.now() - last)
    last = performance.now()
    return signal.aborted
  })
  t.ok(longestPause < 1_000, `the process goes on meanwhile (${Math.round(longestPause)} ms)`)
  end()
  t.equal(await running, true, 'what the work came to counts')
})
