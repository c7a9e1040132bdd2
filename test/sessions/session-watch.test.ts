import { setImmediate as nextTurn } from 'node:timers/promises'
import t, { type Test as TapTest } from 'tap'
import {
  createSessionWatch,
  type EndedSessions,
  type SessionWatchNeeds,
} from '../../src/sessions/sessions.watch.js'
import { ACCESS_TOKEN_SECONDS } from '../../src/shared/principal.js'
import { type Clock, stopClock } from '../support/clock.js'

const WINDOW_SECONDS = 660
const NEVER = new Promise<never>(() => {})
const NOTHING: EndedSessions = { asOf: 0, sessions: [] }

interface Ending {
  readonly id: string
  /** Seconds of the table's clock, as all times of it. */
  readonly endedAt: number
  /** But for this one, of the test's clock. */
  readonly visibleAt: number
}

interface Table {
  readonly asked: { readonly seconds: number; readonly since: number | undefined; readonly limit: number }[]
  /** As Postgres would; replaced by tests that break it. */
  answer: SessionWatchNeeds['findEnded']
  readonly heal: () => void
  readonly end: (id: string, visibleAfter?: number) => void
  /** Sets its clock, so many seconds on or back. */
  readonly leap: (seconds: number) => void
  readonly findEnded: SessionWatchNeeds['findEnded']
}

const createTable = (clock: Clock): Table => {
  const endings: Ending[] = []
  let ahead = 0
  const now = () => clock.seconds() + ahead
  const read: SessionWatchNeeds['findEnded'] = async (seconds, since, limit) => {
    const asOf = now()
    const bound = Math.min(asOf - seconds, since ?? asOf)
    const sessions = endings
      .filter(({ endedAt, visibleAt }) => visibleAt <= clock.seconds() && endedAt > bound)
      .sort((a, b) => b.endedAt - a.endedAt)
      .slice(0, limit)
      .map(({ id, endedAt }) => ({ id, age: asOf - endedAt }))
    return { asOf, sessions }
  }
  const table: Table = {
    asked: [],
    answer: read,
    heal: () => {
      table.answer = read
    },
    end: (id: string, visibleAfter = 0) => {
      endings.push({ id, endedAt: now(), visibleAt: clock.seconds() + visibleAfter })
    },
    leap: (seconds) => {
      ahead += seconds
    },
    findEnded: (seconds, since, limit) => {
      table.asked.push({ seconds, since, limit })
      return table.answer(seconds, since, limit)
    },
  }
  return table
}

const setUp = (t: TapTest, capacity = 3) => {
  const clock = stopClock(t)
  const table = createTable(clock)
  return { clock, table, watch: createSessionWatch({ findEnded: table.findEnded, capacity }) }
}

t.test('it knows nothing before the first look, and then what ended before and since', async (t) => {
  const { clock, table, watch } = setUp(t)
  table.end('before')
  t.equal(watch.verdict('before'), 'unknown')
  await watch.start()
  t.strictSame(
    table.asked,
    [{ seconds: WINDOW_SECONDS, since: undefined, limit: 4 }],
    'the whole window at first',
  )
  t.equal(watch.verdict('before'), 'ended')
  t.equal(watch.verdict('other'), 'live')
  table.end('since')
  t.equal(watch.verdict('since'), 'live', 'not yet')
  await clock.pass(1_000)
  t.equal(watch.verdict('since'), 'ended')
})

t.test('whoever ends a session has this pod know at once, a look under way or not', async (t) => {
  const { table, watch } = setUp(t)
  let finish = (_found: EndedSessions) => {}
  table.answer = () => new Promise((resolve) => (finish = resolve))
  const starting = watch.start()
  table.end('mine')
  table.heal()
  const caughtUp = watch.catchUp()
  finish(NOTHING)
  await Promise.all([starting, caughtUp])
  t.equal(watch.verdict('mine'), 'ended', 'though the first look had begun before')
})

t.test(
  'it vouches for four seconds after a look, and what it knows has ended it knows for good',
  async (t) => {
    const { clock, table, watch } = setUp(t)
    table.end('gone')
    await watch.start()
    table.answer = () => Promise.reject(new Error('Postgres is away'))
    await clock.pass(3_999)
    t.equal(watch.verdict('other'), 'live')
    await clock.pass(1)
    t.equal(watch.verdict('other'), 'unknown')
    t.equal(watch.verdict('gone'), 'ended')
    await t.resolves(watch.catchUp(), 'a look that fails is nobody’s error')
    t.equal(watch.verdict('other'), 'unknown')
    table.end('meanwhile')
    await clock.pass(100_000)
    table.heal()
    await clock.pass(1_000)
    t.equal(watch.verdict('other'), 'live')
    t.equal(watch.verdict('meanwhile'), 'ended', 'it reads all that it has missed')
  },
)

t.test('more ended sessions than it holds are unknown, never live', async (t) => {
  const { clock, table, watch } = setUp(t)
  for (const id of ['a', 'b', 'c', 'd']) table.end(id)
  await watch.start()
  for (const id of ['a', 'b', 'c', 'd']) t.not(watch.verdict(id), 'live', id)
  t.equal(watch.verdict('other'), 'unknown')
  await clock.pass(600_000)
  t.equal(watch.verdict('other'), 'unknown')
  t.equal(table.asked.at(-1)?.seconds, WINDOW_SECONDS, 'it keeps reading the whole window')
  await clock.pass(60_000)
  t.equal(watch.verdict('other'), 'live', 'until they are few enough again')
})

t.test('filling up later is noticed too', async (t) => {
  const { clock, table, watch } = setUp(t)
  await watch.start()
  for (const id of ['a', 'b', 'c']) table.end(id)
  await clock.pass(1_000)
  t.equal(watch.verdict('other'), 'live', 'just full')
  table.end('d')
  await clock.pass(1_000)
  t.equal(watch.verdict('d'), 'unknown')
  t.equal(watch.verdict('a'), 'ended')
})

t.test('what is committed up to thirty seconds after its time is found', async (t) => {
  const { clock, table, watch } = setUp(t, 100)
  await watch.start()
  const lags = [0.1, 1, 5, 15, 29]
  for (const lag of lags) table.end(`late by ${lag}`, lag)
  await clock.pass(30_000)
  for (const lag of lags) t.equal(watch.verdict(`late by ${lag}`), 'ended', `late by ${lag} s`)
})

t.test('a database whose clock leaps between two looks hides nothing that ended', async (t) => {
  for (const leap of [45, 3_600, -45, -3_600]) {
    await t.test(`by ${leap} s`, async (t) => {
      const { clock, table, watch } = setUp(t, 10)
      await watch.start()
      table.end('before')
      table.leap(leap)
      table.end('after')
      await clock.pass(1_000)
      for (const id of ['before', 'after']) t.equal(watch.verdict(id), 'ended', `${id} the leap`)
      t.equal(watch.verdict('other'), 'live')
      await clock.pass((ACCESS_TOKEN_SECONDS - 1) * 1_000)
      for (const id of ['before', 'after'])
        t.equal(watch.verdict(id), 'ended', `${id} the leap, as long as its access token`)
    })
  }
})

t.test('it forgets a session when the last of its access tokens has expired, not before', async (t) => {
  const { clock, table, watch } = setUp(t)
  table.end('old')
  await watch.start()
  await clock.pass((WINDOW_SECONDS - 1) * 1_000)
  t.equal(watch.verdict('old'), 'ended')
  await clock.pass(2_000)
  t.equal(watch.verdict('old'), 'live')
})

t.test('a Postgres that never answers holds one look at a time', async (t) => {
  const { clock, table, watch } = setUp(t)
  await watch.start()
  table.answer = () => NEVER
  await clock.pass(10_500)
  t.equal(table.asked.length, 2)
  t.equal(watch.verdict('other'), 'unknown')
  await clock.pass(10_000)
  t.equal(table.asked.length, 3, 'and another ten seconds later')
  table.heal()
  await clock.pass(11_000)
  t.equal(watch.verdict('other'), 'live', 'it recovers though the old ones still hang')
})

t.test('close waits for the look under way, but not for ever, and no look follows', async (t) => {
  const { clock, table, watch } = setUp(t)
  const { close } = await watch.start()
  let finish = (_found: EndedSessions) => {}
  table.answer = () => new Promise((resolve) => (finish = resolve))
  await clock.pass(1_000)
  let closed = false
  const closing = close().then(() => {
    closed = true
  })
  await nextTurn()
  t.notOk(closed)
  finish(NOTHING)
  await closing
  await clock.pass(20_000)
  t.equal(table.asked.length, 2)

  const hanging = createSessionWatch({ findEnded: () => NEVER })
  const starting = hanging.start()
  await clock.pass(2_000)
  const { close: closeHanging } = await starting
  const closingHanging = closeHanging()
  await clock.pass(2_000)
  await t.resolves(closingHanging)
})
