import { Cluster, Redis, type RedisOptions } from 'ioredis'
import { readRedisAddress } from './address.js'
import { PersistentSentinelConnector } from './sentinel-connector.js'

/** Of whatever form: the commands are the same, as long as the keys of one command share a slot. */
export type RedisClient = Redis | Cluster

export type Limits = Pick<
  RedisOptions,
  | 'enableOfflineQueue'
  | 'maxRetriesPerRequest'
  | 'commandTimeout'
  | 'enableAutoPipelining'
  | 'socketTimeout'
  | 'autoResubscribe'
>

const CONNECT_TIMEOUT_MS = 2_000
const MAX_RECONNECT_DELAY_MS = 2_000
/** A node that is frozen redirects nobody: without it, its slots' new place would be learnt when its connection is given up. */
const LOOK_FOR_SLOTS_EVERY_MS = 5_000

/** Keeps trying for ever, soon at first: a pod outlives its Redis. */
const retryStrategy = (times: number): number => Math.min(times * 100, MAX_RECONNECT_DELAY_MS)

/** It has become a replica, without closing its connections. */
const reconnectOnError = ({ message }: Error): boolean => message.startsWith('READONLY')

/** A certificate names the host, not the address behind it. */
const keepHostname = (host: string, done: (error: null, address: string) => void): void => done(null, host)

/**
 * Before a command that a moving slot has redirected the library sends ASKING, and does not wait for its answer: one that does not
 * come in time, or a connection that breaks, would be a rejection that nobody handles, and end the process. The command itself
 * fares as it does, and is tried again. A duplicate needs it anew.
 */
export const handleAsking = <C extends Cluster>(cluster: C): C =>
  cluster.on('+node', (node: Redis) => {
    const asking = node.asking.bind(node)
    node.asking = () => {
      const answer = asking()
      answer.catch(() => {})
      return answer
    }
  })

/** Makes a client of the form that the URL names; it connects by itself. @throws Error for a URL of no form */
export const createClient = (url: string, connectionName: string, limits: Limits): RedisClient => {
  const address = readRedisAddress(url)
  if (!address) throw new Error('This is no URL of a Redis')
  const common = { connectionName, connectTimeout: CONNECT_TIMEOUT_MS }
  const ofServer = { ...common, retryStrategy, reconnectOnError, ...limits }
  if (address.form === 'single') return new Redis(address.url, ofServer)
  const { form, tls, ...rest } = address
  const secured = tls ? { tls: {} } : {}
  if ('nodes' in rest) {
    // Of a pipeline that a moving slot has redirected, answers may be missing; the library's own pipelines then throw where nobody
    // can catch it.
    const { enableOfflineQueue, enableAutoPipelining: _never, ...ofNode } = limits
    const { nodes, ...login } = rest
    const cluster = new Cluster(nodes, {
      redisOptions: { ...common, ...secured, ...login, ...ofNode },
      clusterRetryStrategy: retryStrategy,
      slotsRefreshTimeout: CONNECT_TIMEOUT_MS,
      slotsRefreshInterval: LOOK_FOR_SLOTS_EVERY_MS,
      ...(enableOfflineQueue !== undefined && { enableOfflineQueue }),
      ...(tls && { dnsLookup: keepHostname }),
    })
    return handleAsking(cluster)
  }
  return new Redis({
    ...ofServer,
    ...secured,
    ...rest,
    Connector: PersistentSentinelConnector,
    enableTLSForSentinelMode: tls,
    ...(tls && { sentinelTLS: {} }),
    sentinelRetryStrategy: retryStrategy,
    sentinelCommandTimeout: CONNECT_TIMEOUT_MS,
    // A master that is frozen does not close its connections when another takes its place.
    failoverDetector: true,
  })
}
