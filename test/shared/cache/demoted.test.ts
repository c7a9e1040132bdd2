import t from 'tap'
import { connectRedis, failFast } from '../../../src/shared/cache/redis.js'
import { createLogger } from '../../../src/shared/telemetry/logger.js'
import { startOwnRedis } from '../../support/own-redis.js'
import { until } from '../../support/until.js'

t.test('a server that has become a replica is left for whoever is at its address now', async (t) => {
  const server = await startOwnRedis(t)
  const logger = createLogger({ level: 'silent', process: 'test' })
  const { redis, close } = await connectRedis(server.url, 'test', logger, failFast(1_000))
  t.teardown(close)
  const connection = (): Promise<unknown> => redis.client('ID')
  const write = () => redis.set('key', 'value')
  const pipeline = async () => {
    for (const [error] of (await redis.pipeline().set('key', 'value').exec()) ?? []) if (error) throw error
  }
  const script = () => redis.eval("return redis.call('set', KEYS[1], 'value')", 1, 'key')
  await write()

  for (const [what, command] of Object.entries({ write, pipeline, script })) {
    await t.test(what, async (t) => {
      const before = await connection()
      await server.client.replicaof('127.0.0.1', '1')
      t.equal(await connection(), before, 'it closes no connection')
      await redis.get('key')
      t.equal(await connection(), before, 'and may be read')
      await t.rejects(command(), { message: /^READONLY/ })
      await server.client.replicaof('NO', 'ONE')
      const isElsewhere = async () => {
        await command()
        return (await connection()) !== before
      }
      await until('a new connection that writes', () => isElsewhere().catch(() => false))
    })
  }

  await t.test('any other refusal costs no connection', async (t) => {
    const before = await connection()
    await t.rejects(redis.lpush('key', 'value'), { message: /^WRONGTYPE/ })
    t.equal(await connection(), before)
  })
})
