import { setTimeout as wait } from 'node:timers/promises'
import t, { type Test as TapTest } from 'tap'
import {
  type ChaosScene,
  callApi,
  compareWith,
  databaseNow,
  drain,
  mailedAgainWithoutDeath,
  setChaosScene,
  slowDown,
} from '../support/chaos-scene.js'
import { nth } from '../support/crowd.js'
import { figure, scaled } from '../support/figures.js'
import type { Comparison } from '../support/order-comparison.js'
import type { Ended, Post } from '../support/posts.js'
import type { RunningProcess } from '../support/process.js'
import { until } from '../support/until.js'

/** The least is one of each kind. The scorecard's own size takes `KILLS=300`. */
const KILLS = Number(process.env['KILLS'] ?? scaled(2, 50))
const KILL_EVERY_MS = { least: 500, most: 1_500 }
/** The least is as many as the workers have in hand beside them. */
const BACKLOG = scaled(20, 1_500)
const REBUILD_LIMIT_MS = 60_000
/** A job that is in hand at a worker's death may be done by it and by its successor: no more than its queue's tries at once. */
const MAIL_CONCURRENCY = 10

const told = ({ ok, failed, unknown, unknownStored }: Comparison): string =>
  `${ok} orders ok, ${failed} failed, ${unknown} unknown (${unknownStored} there)`

const sampled = <T>(list: readonly T[]): T => nth(list, Math.floor(Math.random() * list.length))

/** A worker first and the API last, so that two kills show both kinds; a worker that dies after the API has nothing in hand. */
const candidates = ({ api, workers }: ChaosScene, kill: number): readonly Post<RunningProcess>[] => {
  if (kill === 1) return workers
  return kill === KILLS ? [api] : [api, ...workers]
}

/** Kills one after another of those that live, and does not wait for its successor. @returns how each ended */
const killAtRandom = async (
  scene: ChaosScene,
): Promise<{ ended: readonly Ended[]; workersKilled: number }> => {
  const { api, workers } = scene
  const replacements: Promise<Ended>[] = []
  let workersKilled = 0
  for (let kill = 1; kill <= KILLS; kill += 1) {
    await wait(KILL_EVERY_MS.least + Math.random() * (KILL_EVERY_MS.most - KILL_EVERY_MS.least))
    const post = await until('one to kill', () => {
      const manned = candidates(scene, kill).filter((post) => post.isManned())
      // With one alone there would be no work to be killed at.
      const isAlone = [api, ...workers].filter((post) => post.isManned()).length < 2
      return !isAlone && manned.length > 0 && sampled(manned)
    })
    if (post !== api) workersKilled += 1
    const replacement = post.replace('SIGKILL')
    // Heard of at the end; until then it must not end the process.
    replacement.catch(() => {})
    replacements.push(replacement)
  }
  return { ended: await Promise.all(replacements), workersKilled }
}

/** Jobs that are in the queue's hands alone. */
const countQueued = async ({ world }: ChaosScene): Promise<number> => {
  const [row] = await world.database.sql`
    select count(*)::int as n from outbox
    where closed_at is null and handed_over_at is not null and claimed_until is null`
  return Number(row?.['n'])
}

/** Jobs from before that moment, in nobody's hand, that have not been given to the queue since. */
const countLost = async ({ world }: ChaosScene, moment: string): Promise<number> => {
  const [row] = await world.database.sql`
    select count(*)::int as n from outbox
    where closed_at is null and claimed_until is null and created_at < ${moment}::timestamptz
      and (handed_over_at is null or handed_over_at < ${moment}::timestamptz)`
  return Number(row?.['n'])
}

const loseRedis = async (t: TapTest, scene: ChaosScene): Promise<void> => {
  const since = await databaseNow(scene)
  const { token } = scene.leaver
  const call = callApi(scene)
  t.equal((await call('POST', '/v1/auth/logout', { token })).status, 204)
  const clients = scene.startClients(scaled(150, 0))
  const endSlowness = slowDown(scene, 2_000)
  await until('a backlog', async () => (await countQueued(scene)) >= BACKLOG, 120_000)
  await scene.redis.client.flushall()
  const flushedAt = await databaseNow(scene)
  const flushed = performance.now()
  const lost = await countLost(scene, flushedAt)
  await until(
    'the backlog to be back',
    async () => (await countLost(scene, flushedAt)) === 0,
    REBUILD_LIMIT_MS,
  )
  const seconds = ((performance.now() - flushed) / 1_000).toFixed(1)
  await clients.stop()
  endSlowness()
  const sums = await drain(scene, since)
  const result = await compareWith(scene, clients)
  t.strictSame(result.faults, [])
  t.match(result, { failed: 0, unknown: 0, mailedAgain: [] }, 'no client has noticed')
  t.match(sums, { open: 0, failed: 0 })
  const { status } = await call('GET', '/v1/auth/sessions', { token })
  t.equal(status, 401, 'who has logged out stays out')
  figure(
    t,
    `row 4: FLUSHALL with ${lost} jobs queued, under load: all back in the queue after ${seconds} s; ` +
      `${told(result)}; ${result.faults.length + sums.open + sums.failed} lost, ${result.mailedAgain.length} mails twice, a revoked token gets ${status}, drained in ${sums.seconds} s`,
  )
}

const countFinished = (log: Ended['log']): number => {
  const lines = log.map(({ msg }) => msg)
  return lines.slice(lines.indexOf('shutting down')).filter((msg) => msg === 'job done').length
}

const terminate = async (
  { smtp }: ChaosScene,
  post: Post<RunningProcess>,
  times: number,
): Promise<Ended[]> => {
  const ended: Ended[] = []
  while (ended.length < times) {
    await until('mails in hand', () => smtp.stalled() > 1)
    ended.push(await post.replace('SIGTERM'))
  }
  return ended
}

const terminateWorkers = async (t: TapTest, scene: ChaosScene): Promise<void> => {
  const since = await databaseNow(scene)
  const clients = scene.startClients(scaled(300, 100))
  const endSlowness = slowDown(scene, scaled(400, 100))
  const [one, other] = [nth(scene.workers, 0), nth(scene.workers, 1)]
  const ended = (
    await Promise.all([terminate(scene, one, scaled(1, 3)), terminate(scene, other, scaled(1, 2))])
  ).flat()
  await clients.stop()
  endSlowness()
  const sums = await drain(scene, since)
  const result = await compareWith(scene, clients)
  t.ok(ended.every(({ code }) => code === 0))
  const givenBack = ended.flatMap(({ log }) => log.filter(({ msg }) => msg === 'job given back')).length
  t.equal(givenBack, 0)
  const finished = ended.reduce((sum, { log }) => sum + countFinished(log), 0)
  const slowestMs = Math.max(...ended.map(({ endedAfterMs }) => endedAfterMs))
  t.ok(finished > 0, 'some were in hand')
  t.strictSame(result.faults, [])
  t.match(result, { failed: 0, unknown: 0, mailedAgain: [] })
  t.match(sums, { open: 0, failed: 0, retried: 0, most_starts: 1 }, 'each was begun once')
  figure(
    t,
    `row 10: SIGTERM of a worker x ${ended.length}: exit codes ${ended.map(({ code }) => code).join(' ')}, within ${slowestMs} ms, ${finished} jobs in hand finished, ` +
      `${givenBack} given back, most starts ${sums.most_starts}; ${told(result)}, ${result.mailedAgain.length} mails twice`,
  )
}

const surviveKills = async (t: TapTest, scene: ChaosScene): Promise<void> => {
  const since = await databaseNow(scene)
  const clients = scene.startClients(scaled(250, 20))
  // Fewer orders need longer answers, for a worker to have some in hand when it dies.
  const endSlowness = slowDown(scene, scaled(250, 50))
  const { ended, workersKilled } = await killAtRandom(scene)
  await clients.stop()
  endSlowness()
  const sums = await drain(scene, since)
  const result = await compareWith(scene, clients)
  t.strictSame(result.faults, [])
  t.match(sums, { open: 0, failed: 0 })
  t.ok(
    ended.every(({ code }) => code === null),
    'none had ended by itself',
  )
  t.strictSame(await mailedAgainWithoutDeath(scene, result), [], 'twice only where a worker died')
  const again = result.mailedAgain.length
  t.ok(again <= workersKilled * MAIL_CONCURRENCY)
  figure(
    t,
    `row 1: kill -9 x ${KILLS} (${workersKilled} workers, ${KILLS - workersKilled} API): ${told(result)}; ` +
      `${result.stored} stored, ${result.faults.length} missing or too many, ${again} mails twice, ` +
      `0 open rows after ${sums.seconds} s, ${sums.failed} failed, ${sums.handed_over_again} handed over again, ` +
      `most starts ${sums.most_starts}`,
  )
}

t.test('under load from clients that try once', async (t) => {
  const scene = await setChaosScene(t)
  await t.test('a Redis that loses everything costs no job', (t) => loseRedis(t, scene))
  await t.test('a worker that is told to stop finishes what it has in hand', (t) =>
    terminateWorkers(t, scene),
  )
  await t.test('what was acknowledged is there once after any number of kills', (t) => surviveKills(t, scene))
})
