import type { Test as TapTest } from 'tap'
import { connectRedis, subscribing } from '../../src/shared/cache/redis.js'
import { createHintSubscriber } from '../../src/shared/realtime/hints.js'
import { createLogger } from '../../src/shared/telemetry/logger.js'
import { type Call, startPod, type World } from './app.js'
import type { Member } from './crowd.js'
import { unique } from './factories.js'
import type { ClusterRedis } from './redis-cluster.js'
import { openSocket } from './sockets.js'
import { until } from './until.js'

/** Far below the half minute after which a socket is looked after without a hint. */
const HINTED_MS = 5_000
const EVENTS_A_NODE = 3
const logger = createLogger({ level: 'silent', process: 'test' })

/** A pod, and somebody who may order this product there. */
export interface HintScene {
  readonly world: World
  readonly call: Call
  readonly admin: Member
  readonly id: string
}

/** Waits until somebody subscribes to this channel. @returns the node that he does it at */
const untilHeardAt = (nodes: ClusterRedis['nodes'], channel: string) =>
  until('somebody to subscribe', async () => {
    const counts = await Promise.all(nodes.map(({ client }) => client.call('PUBSUB', 'NUMSUB', channel)))
    return nodes.find((_node, index) => JSON.stringify(counts[index]) === JSON.stringify([channel, 1]))
  })

/** A user's events reach his socket on another pod, also when the node that it hears them from has hung up on it. */
export const checkHints = async (
  t: TapTest,
  { world, call, admin, id }: HintScene,
  { nodes }: ClusterRedis,
) => {
  const { url } = await startPod(t, world)
  const client = await openSocket(t, url, { token: admin.token })
  await client.begun()
  const body = { items: [{ productId: id, quantity: 1 }] }
  for (let events = 1; events <= 2 * EVENTS_A_NODE; events += 1) {
    t.equal((await call('POST', '/v1/orders', { token: admin.token, body })).status, 201)
    await client.untilEvents(events, HINTED_MS)
    if (events !== EVENTS_A_NODE) continue
    for (const node of nodes) await node.client.call('CLIENT', 'KILL', 'TYPE', 'pubsub')
    await untilHeardAt(nodes, `${world.redisPrefix}:realtime:${admin.id}`)
  }
  t.strictSame(client.eventIds(), ['1', '2', '3', '4', '5', '6'])
}

/** The library's own time-outs do not count for this connection of a Cluster's client. */
export const checkSilence = async (t: TapTest, { url, nodes }: ClusterRedis) => {
  const prefix = unique('hints')
  const { redis, close } = await connectRedis(url, 'test', logger, subscribing(HINTED_MS))
  t.teardown(close)
  const ignore = () => {}
  const hints = createHintSubscriber({ redis, prefix, onHint: ignore, onListening: ignore })
  t.teardown(hints.close)
  await until('hints to arrive', hints.isListening)
  const node = await untilHeardAt(nodes, `${prefix}:realtime`)
  node.freeze()
  t.teardown(node.thaw)
  await hints.follow('ada')
  t.notOk(hints.isListening(), 'a socket is looked after without hints')
  node.thaw()
  await until('hints to arrive again', () => {
    hints.check()
    return hints.isListening()
  })
}
