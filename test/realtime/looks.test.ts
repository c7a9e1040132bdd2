import { setImmediate as nextTurn } from 'node:timers/promises'
import t from 'tap'
import type { Connection } from '../../src/realtime/realtime.connection.js'
import type { Reading } from '../../src/realtime/realtime.events.js'
import { createLooks } from '../../src/realtime/realtime.looks.js'
import { createLogger } from '../../src/shared/telemetry/logger.js'
import { stopClock } from '../support/clock.js'
import { until } from '../support/until.js'

/** A connection that only remembers what was asked of it. */
const fakeConnection = (sessionId: string) => {
  const asked: string[] = []
  const connection: Connection = {
    principal: { userId: 'somebody', sessionId, role: 'user' },
    tokenExpiresAt: Number.POSITIVE_INFINITY,
    position: () => undefined,
    lookedAt: () => 0,
    vouchedAt: () => 0,
    vouch: () => void asked.push('vouch'),
    deliver: () => void asked.push('deliver'),
    send: () => true,
    beat: () => {},
    close: (reason) => void asked.push(reason),
  }
  return { connection, asked }
}

const setUp = ({ live = ['live'], failures = 0, hangs = Promise.resolve() } = {}) => {
  const batches: number[] = []
  let failing = failures
  const looks = createLooks({
    realtimeService: {
      readStreams: async (readers): Promise<Reading[]> => {
        batches.push(readers.length)
        failing -= 1
        if (failing >= 0) throw new Error('Postgres is away')
        if (batches.length === 1) await hangs
        return readers.map(() => ({ last: 0, events: [] }))
      },
    },
    sessionsService: { findLive: async (ids) => ids.filter((id) => live.includes(id)) },
    sessionWatch: { verdict: (id) => (id === 'vouched for' ? 'live' : 'unknown') },
    logger: createLogger({ level: 'silent', process: 'test' }),
  })
  return { looks, batches }
}

t.test('a session that nobody can vouch for is asked about before anything is sent', async (t) => {
  const { looks } = setUp()
  const [ended, live, vouched] = ['ended', 'live', 'vouched for'].map(fakeConnection)
  if (!ended || !live || !vouched) throw new Error('one is missing')
  looks.lookFor([ended.connection, live.connection, vouched.connection])
  await until('the look', () => vouched.asked.length > 0)
  t.equal(ended.asked[0], 'session_ended', 'closed first: what is delivered after that is not sent')
  t.strictSame(live.asked, ['vouch', 'deliver'])
  t.strictSame(vouched.asked, ['deliver'])
})

t.test('whoever was not told for want of Postgres is told with the next call, once each', async (t) => {
  const { looks, batches } = setUp({ failures: 1 })
  const all = Array.from({ length: 250 }, () => fakeConnection('vouched for'))
  const [gone] = all
  looks.lookFor(all.map(({ connection }) => connection))
  await until('the failure', () => batches.length === 1)
  await nextTurn()
  if (gone) looks.forget(gone.connection)
  looks.lookFor([])
  await until('all to be told', () => all.slice(1).every(({ asked }) => asked.length === 1))
  t.strictSame(batches, [100, 100, 100, 49])
  t.strictSame(gone?.asked, [], 'but for one that has gone meanwhile')
})

t.test('a look that is never answered holds the next one up for three seconds', async (t) => {
  const clock = stopClock(t)
  let answer = (): void => {}
  const hangs = new Promise<void>((resolve) => {
    answer = resolve
  })
  const { looks, batches } = setUp({ hangs })
  const { connection, asked } = fakeConnection('vouched for')
  looks.lookFor([connection])
  await clock.pass(2_750)
  looks.lookFor([connection])
  t.strictSame(batches, [1], 'one look at a time')
  await clock.pass(250)
  looks.lookFor([])
  await clock.pass(1)
  t.strictSame(batches, [1, 1])
  t.strictSame(asked, ['deliver'])
  answer()
  await clock.pass(1)
  t.strictSame(asked, ['deliver'], 'what comes late is not delivered')
})
