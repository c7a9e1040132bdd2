import t, { type Test as TapTest } from 'tap'
import { type Answer, type Call, createWorld, type World } from '../support/app.js'
import { createCallers } from '../support/caller.js'
import { type Account, registerUser } from '../support/factories.js'
import { figure, scaled } from '../support/figures.js'
import { type Server, startPair } from '../support/fleet.js'
import { countRecordedOf, defaultLimits, guess } from '../support/guesses.js'
import { isProblem } from '../support/problem.js'
import { createPrivateRedis } from '../support/redis.js'
import { until } from '../support/until.js'

/** Each guess costs a hash; production's own limit is in the test with Redis. */
const LIMIT = scaled(4, 10)
/** In the short form enough for some to be refused by each process. */
const GUESSES = scaled(LIMIT + 6, 200)
const ANSWER_MS = 2_000

type Pod = Pick<Server, 'url'>

/** Guesses at each process, one after the other, so that none is turned away for want of a free hash. */
const guessAt = async (server: Pod, callers: ReturnType<typeof createCallers>, { email }: Account) => {
  const calls: Call[] = callers.map((caller) => caller.to(server.url))
  const answers: Answer[] = []
  let slowest = 0
  for (let i = 0; i < GUESSES; i += 1) {
    const call = calls[i % calls.length]
    if (!call) throw new Error('a caller is missing')
    const begun = performance.now()
    answers.push(await guess(call, email, i))
    slowest = Math.max(slowest, performance.now() - begun)
  }
  return { answers, slowest }
}

const evaluatedIn = (answers: readonly Answer[]): number =>
  answers.filter(({ status }) => status === 401).length

/** @returns how many each process has looked at, and what the slowest answer took */
const checkPods = async (t: TapTest, world: World, servers: readonly Pod[], ada: Account, what: string) => {
  const callers = createCallers(t, 25, 20)
  const before = await countRecordedOf(world, 'login.failed', ada.id)
  const results = await Promise.all(servers.map((server) => guessAt(server, callers, ada)))
  for (const { answers } of results) {
    t.ok(evaluatedIn(answers) <= LIMIT, `${what}: ${evaluatedIn(answers)} by one process`)
    for (const answer of answers.filter(({ status }) => status !== 401)) {
      isProblem(t, answer, { status: 429, code: 'too_many_requests' }, what)
      t.match(answer.headers.get('retry-after'), /^[1-9]\d*$/, what)
    }
  }
  const counts = results.map(({ answers }) => evaluatedIn(answers))
  const sum = counts.reduce((total, count) => total + count, 0)
  t.equal((await countRecordedOf(world, 'login.failed', ada.id)) - before, sum, `${what}: audit log`)
  return { counts, slowest: Math.round(Math.max(...results.map(({ slowest }) => slowest))) }
}

t.test(
  'without Redis each process lets as many guesses through as all may have, and never none is counted',
  async (t) => {
    const redis = await createPrivateRedis(t)
    await redis.start()
    const world = await createWorld(t, {
      ...defaultLimits,
      RATE_LIMIT_LOGINS_PER_ACCOUNT: String(LIMIT),
      REDIS_URL: redis.url,
    })
    const servers = await startPair(t, world)
    const ada = await registerUser(servers[0].call)
    const eve = await registerUser(servers[1].call, 'Eve')
    await redis.stop()

    const gone = await checkPods(t, world, servers, ada, 'gone')
    t.strictSame(gone.counts, [LIMIT - 1, LIMIT], 'the log-in before Redis went is one of them')
    t.ok(gone.slowest < ANSWER_MS, `the slowest took ${gone.slowest} ms`)
    t.equal((await servers[1].call('GET', '/v1/users/me', { token: ada.token })).status, 200)

    await redis.start()
    for (const { log } of servers) {
      await until('Redis to be back', () => log.some(({ msg }) => msg === 'redis is back'))
    }
    const forgetful = await checkPods(t, world, servers, ada, 'back and empty')
    t.strictSame(forgetful.counts, [0, 0], 'a Redis that has forgotten everything forgives nothing')

    redis.freeze()
    const silent = await checkPods(t, world, servers, eve, 'silent')
    t.strictSame(silent.counts, [LIMIT, LIMIT - 1])
    t.ok(silent.slowest < ANSWER_MS, `the slowest took ${silent.slowest} ms`)
    figure(
      t,
      `row 23: ${2 * GUESSES} guesses at 2 processes: without Redis ${gone.counts.join(' + ')} evaluated, ` +
        `slowest ${gone.slowest} ms; with a silent one ${silent.counts.join(' + ')}, slowest ${silent.slowest} ms`,
    )
  },
)
