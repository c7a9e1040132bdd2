import { Redis } from 'ioredis'
import t, { type Test as TapTest } from 'tap'
import { createHintPublisher, streamTag } from '../../src/shared/realtime/hints.js'
import { createWorld, startPod } from '../support/app.js'
import { testServices } from '../support/environment.js'
import { registerUser } from '../support/factories.js'
import { startProxy, through } from '../support/proxy.js'
import { logIn } from '../support/sessions.js'
import { type Client, openSocket, recordEvents } from '../support/sockets.js'
import { until } from '../support/until.js'

t.jobs = 3

/** A pod that has Redis and Postgres behind proxies, and a user with an open socket. */
const begin = async (t: TapTest) => {
  const world = await createWorld(t)
  const { redisUrl } = testServices()
  const redis = await startProxy(t, new URL(redisUrl))
  const postgres = await startProxy(t, new URL(world.database.url))
  const env = {
    ...world.env,
    REDIS_URL: through(redisUrl, redis),
    DATABASE_URL: through(world.database.url, postgres),
  }
  const { call, url } = await startPod(t, { ...world, env })
  const ada = await registerUser(call)
  const client = await openSocket(t, url, { token: ada.token })
  await client.begun()
  const publisher = new Redis(redisUrl)
  t.teardown(() => publisher.quit())
  const hint = createHintPublisher(publisher, world.redisPrefix)
  /** As a worker does that has both. */
  const tell = async () => {
    await recordEvents(world, ada.id, 1)
    await hint([streamTag(ada.id)])
  }
  return { world, redis, postgres, call, url, ada, client, tell }
}

const IN_A_ROW = 3
/** Looks that nobody has asked for come every five seconds at most: that many within that time each come by hints. */
const HINTED_MS = 1_000

const untilHinted = (client: Client, tell: () => Promise<void>) =>
  until(
    'hints to arrive',
    async () => {
      for (let round = 0; round < IN_A_ROW; round += 1) {
        const before = client.eventIds().length
        await tell()
        const told = await client.untilEvents(before + 1, HINTED_MS).catch(() => undefined)
        if (!told) return false
      }
      return true
    },
    40_000,
  )

const isWhole = (ids: readonly string[]): boolean => ids.every((id, at) => id === String(at + 1))

t.test('a Redis that is silent costs seconds, and hints arrive again when it speaks', async (t) => {
  const { redis, client, tell } = await begin(t)
  await untilHinted(client, tell)
  const before = client.eventIds().length
  redis.stall()
  await tell()
  await client.untilEvents(before + 1, 15_000)
  await redis.mend()
  await untilHinted(client, tell)
  t.ok(isWhole(client.eventIds()), client.eventIds().join())
})

t.test('one hint that is lost costs half a minute', async (t) => {
  const { world, ada, client, tell } = await begin(t)
  await untilHinted(client, tell)
  const before = client.eventIds().length
  await recordEvents(world, ada.id, 1)
  await client.untilEvents(before + 1, 35_000)
  t.ok(isWhole(client.eventIds()), client.eventIds().join())
})

t.test('a Postgres that is silent or gone leaves sockets open; they hear when it is back', async (t) => {
  const { world, postgres, call, url, ada, client, tell } = await begin(t)
  const other = await logIn(call, ada)
  const ending = await openSocket(t, url, other)
  await ending.begun()
  const untilUnknown = () =>
    until('sessions to be unknown', async () => {
      const { status } = await call('GET', '/v1/users/me', { token: ada.token })
      return status === 503
    })

  postgres.stall()
  await world.database
    .sql`update sessions set ended_at = now(), end_reason = 'logout' where id = ${other.sessionId}`
  await tell()
  await untilUnknown()
  t.equal(client.socket.readyState, client.socket.OPEN)
  await postgres.mend()
  await client.untilEvents(1)
  t.match(await ending.closed, { code: 4002 }, 'one whose session ended meanwhile is closed')

  await postgres.cut()
  await tell()
  await untilUnknown()
  t.equal(client.socket.readyState, client.socket.OPEN)
  await postgres.mend()
  await client.untilEvents(2)
  t.strictSame(client.eventIds(), ['1', '2'])
})
