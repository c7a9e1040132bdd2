import { once } from 'node:events'
import { Redis } from 'ioredis'
import { Registry } from 'prom-client'
import t from 'tap'
import { createRealtimeHub } from '../../src/realtime/realtime.hub.js'
import type { CloseReason } from '../../src/realtime/realtime.metrics.js'
import type { SessionWatch } from '../../src/sessions/sessions.watch.js'
import { createLogger } from '../../src/shared/telemetry/logger.js'
import { testServices } from '../support/environment.js'
import { pairSockets } from '../support/socket-pair.js'
import { until } from '../support/until.js'

/** What the promise of five seconds leaves when the list of ended sessions has vouched for four of them. */
const LEFT_MS = 1_000

t.test('once nobody can vouch, a session that has just been looked at is asked about at once', async (t) => {
  let verdict: ReturnType<SessionWatch['verdict']> = 'live'
  const subscriber = new Redis(testServices().redisUrl)
  t.teardown(() => subscriber.quit())
  await subscriber.ping()
  const hub = createRealtimeHub({
    realtimeService: {
      readStreams: async (readers) => readers.map(() => ({ last: 0, events: [] })),
      recordEvents: async () => {},
      pruneEvents: async () => 0,
    },
    sessionsService: { findLive: async () => [] },
    sessionWatch: { verdict: () => verdict },
    realtimeSettings: {
      subscriber,
      redisPrefix: 'test-hub',
      registry: new Registry(),
      logger: createLogger({ level: 'silent', process: 'test' }),
      socketsPerUser: 1,
      socketsPerPod: 1,
    },
  })
  // Answered behind the hub's own question: what looks for all when hints arrive is over.
  await subscriber.subscribe('test-hub')
  const { close } = hub.start()
  t.teardown(close)
  const { client, socket } = await pairSockets(t)
  const looked = once(client, 'message')
  const closed: CloseReason[] = []
  hub.join({
    socket,
    principal: { userId: 'somebody', sessionId: 'ended', role: 'user' },
    tokenExpiresAt: Number.POSITIVE_INFINITY,
    lastNumber: undefined,
    onClosed: (reason) => closed.push(reason),
  })
  await looked
  verdict = 'unknown'
  await until('the end', () => closed.length > 0, LEFT_MS)
  t.strictSame(closed, ['session_ended'])
})
