import type { Redis } from 'ioredis'
import { freePort } from '../../dev/stack/ports.js'
import type { Test } from './environment.js'
import { dataNode, type RedisNode, startRedisNode } from './redis-nodes.js'
import { until } from './until.js'

const NAME = 'main'
const DOWN_AFTER_MS = 500

export interface SentinelRedis {
  readonly url: string
  readonly sentinel: Redis
  /** Kills the master and waits until its replica has taken its place. */
  readonly promote: () => Promise<void>
  /** The same; a new replica then stands behind that one. */
  readonly failOver: () => Promise<void>
}

const startReplica = async (t: Test, master: RedisNode): Promise<RedisNode> => {
  const settings = dataNode(
    await freePort(),
    `replicaof 127.0.0.1 ${master.port}`,
    'repl-diskless-sync-delay 0',
  )
  const replica = await startRedisNode(t, settings)
  await until('the replica to have all', async () =>
    /master_link_status:up/.test(await replica.client.info('replication')),
  )
  return replica
}

/** A master, its replica, and one Sentinel that decides alone. */
export const startSentinelRedis = async (t: Test): Promise<SentinelRedis> => {
  let master = await startRedisNode(t, dataNode(await freePort(), 'repl-diskless-sync-delay 0'))
  let replica = await startReplica(t, master)
  const port = await freePort()
  const sentinel = await startRedisNode(t, {
    port,
    config: [
      `port ${port}`,
      `sentinel monitor ${NAME} 127.0.0.1 ${master.port} 1`,
      `sentinel down-after-milliseconds ${NAME} ${DOWN_AFTER_MS}`,
      `sentinel failover-timeout ${NAME} 3000`,
    ],
    args: ['--sentinel'],
    // A Sentinel knows no INFO of a data server.
    client: { enableReadyCheck: false },
  })
  const untilKnown = ({ port: known }: RedisNode) =>
    until('the Sentinel to know the replica', async () =>
      JSON.stringify(await sentinel.client.call('SENTINEL', 'REPLICAS', NAME)).includes(`127.0.0.1:${known}`),
    )
  await untilKnown(replica)
  const promote = async () => {
    await master.kill()
    await until('the replica to be master', async () =>
      /role:master/.test(await replica.client.info('replication')),
    )
    master = replica
  }
  return {
    url: `redis+sentinel://127.0.0.1:${port}/${NAME}`,
    sentinel: sentinel.client,
    promote,
    failOver: async () => {
      await promote()
      replica = await startReplica(t, master)
      await untilKnown(replica)
    },
  }
}
