import { Redis } from 'ioredis'
import t, { type Test as TapTest } from 'tap'
import { type Answer, type Call, createWorld } from '../support/app.js'
import { createCallers } from '../support/caller.js'
import { testServices } from '../support/environment.js'
import { type Account, registerUser } from '../support/factories.js'
import { figure, scaled } from '../support/figures.js'
import { startPair } from '../support/fleet.js'
import { countRecordedOf, defaultLimits, guess } from '../support/guesses.js'
import { isProblem, problemFaults } from '../support/problem.js'
import { logIn, refresh, signedInBy } from '../support/sessions.js'

/** In the short form four times what is let through, in two batches. */
const GUESSES = scaled(40, 1_000)
/** With more, a busy machine keeps its own Redis waiting for longer than a pod does, and each pod counts for itself. */
const AT_ONCE = 20
const ADDRESSES = 100
const LIMIT = 10
const WINDOW_SECONDS = 15 * 60
/** More than anybody but the last test's user asks. */
const PER_MINUTE = scaled(40, 120)
const BEYOND = scaled(10, 30)

const checkRefused = (
  t: TapTest,
  answers: readonly Answer[],
  instance: string,
  windowSeconds: number,
): void => {
  const faults = answers.flatMap((answer) => {
    const seconds = Number(answer.headers.get('retry-after'))
    return [
      ...problemFaults(answer, { status: 429, code: 'too_many_requests', instance }),
      ...(seconds >= 1 && seconds <= windowSeconds ? [] : [`come again in ${seconds} s`]),
    ]
  })
  t.strictSame(faults, [], `${answers.length} refusals say all`)
}

/** One and the same account to us, and so to the limit. */
const spellings = ({ email }: Account): string[] => [
  email,
  email.toUpperCase(),
  email.replace(/^./, (letter) => letter.toUpperCase()),
]

const guessFromEverywhere = async (calls: readonly Call[], ada: Account): Promise<Answer[]> => {
  const answers: Answer[] = []
  const emails = spellings(ada)
  while (answers.length < GUESSES) {
    const batch = Array.from({ length: Math.min(AT_ONCE, GUESSES - answers.length) }, (_, i) => {
      const number = answers.length + i
      const call = calls[number % calls.length]
      if (!call) throw new Error('a caller is missing')
      return guess(call, emails[number % emails.length] ?? '', number)
    })
    answers.push(...(await Promise.all(batch)))
  }
  return answers
}

const checkKeys = async (t: TapTest, { email }: Account): Promise<void> => {
  const redis = new Redis(testServices().redisUrl)
  t.teardown(() => redis.quit())
  const keys = await redis.keys(`${world.redisPrefix}:limit:log-in-account:*`)
  const kept: number[] = []
  for (const key of keys) {
    t.match(key, /:log-in-account:[\w-]{43}$/, 'a hash')
    t.notOk(key.includes(email))
    kept.push(await redis.llen(key))
    const ttl = await redis.pttl(key)
    t.ok(ttl > 0 && ttl <= WINDOW_SECONDS * 1_000, `forgotten after ${ttl} ms`)
  }
  t.equal(Math.max(...kept), LIMIT, 'no more than the limit is kept, however many came')
}

const world = await createWorld(t, { ...defaultLimits, RATE_LIMIT_PER_MINUTE: String(PER_MINUTE) })
const [one, other] = await startPair(t, world)

t.test('of all guesses at one account ten are looked at, wherever they come from', async (t) => {
  const callers = createCallers(t, 23, ADDRESSES)
  const calls = callers.map((caller, i) => caller.to(i % 2 === 0 ? one.url : other.url))
  // Her own log-in is one of the ten: a limit that counted only failures would tell which was right.
  const ada = await registerUser(one.call)
  const session = await logIn(one.call, await registerUser(other.call, 'Eve'))

  const answers = await guessFromEverywhere(calls, ada)
  const evaluated = answers.filter(({ status }) => status === 401)
  const refused = answers.filter(({ status }) => status === 429)
  // Whoever finds no place to hash is turned away before the count.
  const turnedAway = answers.filter(({ status }) => status === 503)
  t.equal(evaluated.length, LIMIT - 1)
  t.equal(await countRecordedOf(world, 'login.failed', ada.id), LIMIT - 1, 'so says the audit log')
  t.equal(refused.length + turnedAway.length, GUESSES - evaluated.length)
  for (const { body } of turnedAway) t.equal(body?.code, 'unavailable')
  checkRefused(t, refused, '/v1/auth/login', WINDOW_SECONDS)
  await checkKeys(t, ada)

  await t.test('not even the right one, and each process says so', async (t) => {
    for (const { call } of [one, other]) {
      const { email, password } = ada
      const answer = await call('POST', '/v1/auth/login', { body: { email, password } })
      checkRefused(t, [answer], '/v1/auth/login', WINDOW_SECONDS)
    }
    t.equal(await countRecordedOf(world, 'login.succeeded', ada.id), 1)
  })

  await t.test('what the owner is signed in with goes on', async (t) => {
    const [{ call }, { token }] = [other, ada]
    t.equal((await call('GET', '/v1/users/me', { token })).status, 200)
    const change = (currentPassword: string) =>
      call('POST', '/v1/auth/password/change', {
        token,
        body: { currentPassword, newPassword: 'another horse, another battery' },
      })
    isProblem(t, await change('not hers'), { status: 401, code: 'invalid_credentials' })
    t.equal((await change(ada.password)).status, 204)
    t.equal((await call('GET', '/v1/users/me', { token })).status, 200)
  })

  await t.test('and others are not touched', async (t) => {
    const again = signedInBy(await refresh(other.call, session.refreshToken))
    t.equal((await one.call('GET', '/v1/users/me', { token: again.token })).status, 200)
    const [call] = calls
    if (call) await logIn(call, await registerUser(call, 'Newcomer'))
  })
  figure(
    t,
    `row 23: ${GUESSES} guesses at one account from ${Math.min(ADDRESSES, GUESSES)} addresses at 2 processes: ` +
      `${evaluated.length} evaluated (and the owner's log-in, limit ${LIMIT}), ${refused.length} x 429, ${turnedAway.length} x 503`,
  )
})

t.test('a user is one caller, on every process and from every address', async (t) => {
  const callers = createCallers(t, 24, 6)
  const calls = callers.map((caller, i) => caller.to(i % 2 === 0 ? one.url : other.url))
  const ada = await registerUser(one.call)
  const eve = await registerUser(other.call, 'Eve')
  const read = (call: Call | undefined, token: string) => {
    if (!call) throw new Error('a caller is missing')
    return call('GET', '/v1/users/me', { token })
  }
  const asked = Array.from({ length: PER_MINUTE + BEYOND }, (_, i) =>
    read(calls[i % calls.length], ada.token),
  )
  const answers = await Promise.all(asked)
  t.equal(answers.filter(({ status }) => status === 200).length, PER_MINUTE)
  const refused = answers.filter(({ status }) => status !== 200)
  checkRefused(t, refused, '/v1/users/me', 60)
  for (const call of calls) t.equal((await read(call, eve.token)).status, 200, 'somebody else is not')
  figure(
    t,
    `row 23: ${answers.length} requests of one user from 6 addresses at 2 processes: ${PER_MINUTE} answered`,
  )
})
