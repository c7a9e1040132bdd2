import fastifyRedis from '@fastify/redis'
import type { FastifyInstance } from 'fastify'
import type { RedisClient } from '../redis/client.js'

/**
 * Makes the connection available as `app.redis`, for plugins that ask for it there. @fastify/redis waits
 * for the first connection and fails the boot without one; a pod must also start while Redis is away, so
 * the plugin is shown a view of the client that is always ready, and commands fail in the usual way.
 */
export const registerRedis = async (app: FastifyInstance, redis: RedisClient): Promise<void> => {
  const view = new Proxy(redis, {
    get: (client, name) => {
      if (name === 'status') return 'ready'
      const member: unknown = Reflect.get(client, name, client)
      return typeof member === 'function' ? member.bind(client) : member
    },
  })
  await app.register(fastifyRedis, { client: view })
}
