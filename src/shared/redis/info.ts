import { Cluster } from 'ioredis'
import type { RedisClient } from './client.js'

const INFO = "return redis.call('info', ARGV[1])"

/** What the server that has this key says of itself. A Cluster would ask any of its nodes: a script goes where its key is. */
export const infoAt = async (redis: RedisClient, key: string, section: string): Promise<string> =>
  redis instanceof Cluster ? String(await redis.eval(INFO, 1, key, section)) : redis.info(section)

/** What each server that takes writes says of itself. */
export const infoOfMasters = (redis: RedisClient, section: string): Promise<string[]> => {
  const masters = redis instanceof Cluster ? redis.nodes('master') : [redis]
  return Promise.all(masters.map((master) => master.info(section)))
}
