import t, { type Test as TapTest } from 'tap'
import { type Answer, type Call, createCall, createWorld, startPod, type World } from '../support/app.js'
import { createCaller } from '../support/caller.js'
import { registerAdmin, registerUser, unique } from '../support/factories.js'
import { figure, percentile, scaled } from '../support/figures.js'
import { insertUser } from '../support/outbox.js'
import { startServer } from '../support/process.js'

const IS_LONG = scaled(0, 1) === 1
/** In the short form no times are judged, and a few answers tell whether they differ. */
const SAMPLES = scaled(5, 1_000)
const LIMIT_MS = 5
/** Before these count, so that nobody is measured while the code is still cold. */
const WARM_UP = scaled(1, 5)

interface Sample {
  readonly answer: Answer
  readonly ms: number
}

const timed = async (call: () => Promise<Answer>): Promise<Sample> => {
  const begun = performance.now()
  const answer = await call()
  return { answer, ms: performance.now() - begun }
}

/** What differs from answer to answer whoever asks: when, its id, and how long the limits' windows still are. */
const VARIES = new Set(['date', 'x-request-id', 'ratelimit-reset'])

/** All that a client can see of an answer. */
const visible = ({ status, headers, body }: Answer) => {
  const { requestId: _id, instance: _path, ...rest } = body
  const shown = [...headers].map(([name, value]) => [name, VARIES.has(name) ? '' : value])
  return { status, headers: shown, body: rest }
}

type Kinds = Readonly<Record<string, (time: number) => Promise<Answer>>>

/** Asks for each kind in turn, so that whatever else goes on meets all of them alike. */
const sample = async (kinds: Kinds): Promise<Record<string, Sample[]>> => {
  const samples: Record<string, Sample[]> = Object.fromEntries(Object.keys(kinds).map((kind) => [kind, []]))
  const names = Object.keys(kinds)
  for (let time = 0; time < WARM_UP + SAMPLES; time += 1) {
    for (let i = 0; i < names.length; i += 1) {
      // Each kind goes first in its turn: what comes after another's work is not always the same one.
      const name = names[(time + i) % names.length] ?? ''
      const ask = kinds[name]
      if (ask) samples[name]?.push(await timed(() => ask(time)))
    }
  }
  return samples
}

/** Asserts that the kinds cannot be told apart; of their times only where there are enough to say. */
const checkAlike = (t: TapTest, what: string, samples: Record<string, Sample[]>, status: number): void => {
  const [[first, reference] = ['', []], ...others] = Object.entries(samples)
  t.equal(reference[0]?.answer.status, status, `${what}: ${first}`)
  for (const [kind, list] of others) {
    const same = list.map(({ answer }) => visible(answer))
    t.strictSame(
      same,
      reference.map(({ answer }) => visible(answer)),
      `${what}: ${kind} answers as ${first}`,
    )
  }
  const medians = Object.entries(samples).map(([kind, list]): [string, number] => {
    const times = list.slice(WARM_UP).map(({ ms }) => ms)
    return [kind, percentile(times, 50)]
  })
  const values = medians.map(([, ms]) => ms)
  const spread = Math.max(...values) - Math.min(...values)
  if (IS_LONG) t.ok(spread < LIMIT_MS, `${what}: medians are ${spread} ms apart`)
  const told = medians.map(([kind, ms]) => `${kind} ${ms.toFixed(2)}`).join(', ')
  figure(
    t,
    `row 21: ${what}, ${SAMPLES} samples each: 0 differences; medians in ms: ${told}; ` +
      `${spread.toFixed(2)} ms apart (limit ${LIMIT_MS})`,
  )
}

/** Whoever measures times must not share his process with what he measures. */
const start = async (t: TapTest, world: World): Promise<{ call: Call; url: string }> => {
  if (!IS_LONG) return startPod(t, world)
  const { url } = await startServer(t, world.env)
  return { url, call: createCall(url) }
}

t.test('log-in and forgotten password do not tell who has an account', async (t) => {
  const world = await createWorld(t)
  const server = await start(t, world)
  // Each kind from an address of its own, since each address is counted, and the count shows.
  const from = (last: number): Call => createCaller(t, `127.0.21.${last}`).to(server.url)

  await t.test('log-in', async (t) => {
    const ada = await registerUser(server.call)
    const eve = await registerUser(server.call, 'Eve')
    const admin = await registerAdmin(server.call, world)
    await server.call('PATCH', `/v1/users/${eve.id}`, { token: admin.token, body: { disabled: true } })
    // As often asked for as the others: the log-ins above were counted.
    const unknown = `${unique('nobody')}@example.com`
    await server.call('POST', '/v1/auth/login', { body: { email: unknown, password: ada.password } })
    const guess = (call: Call, email: string, password: string) => () =>
      call('POST', '/v1/auth/login', { body: { email, password } })
    const wrong = 'not the password of anybody'
    const samples = await sample({
      known: guess(from(1), ada.email, wrong),
      unknown: guess(from(2), unknown, wrong),
      disabled: guess(from(3), eve.email, eve.password),
    })
    checkAlike(t, 'log-in', samples, 401)
  })

  await t.test('forgotten password', async (t) => {
    const known = await Promise.all(Array.from({ length: WARM_UP + SAMPLES }, () => insertUser(world)))
    const ask = (call: Call, email: string) => call('POST', '/v1/auth/password/forgot', { body: { email } })
    const [one, other] = [from(4), from(5)]
    const samples = await sample({
      known: (time) => ask(one, known[time]?.email ?? ''),
      unknown: () => ask(other, `${unique('nobody')}@example.com`),
    })
    checkAlike(t, 'forgotten password', samples, 202)
  })
})
