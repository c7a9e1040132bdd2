import { Queue } from 'bullmq'
import { Redis } from 'ioredis'
import { queuePrefixOf } from '../../src/shared/queue/job-data.js'
import type { World } from './app.js'
import { type Test, testServices } from './environment.js'

/** The world's queue, past all that the service has around it; closed at the end of the test. */
export const openQueue = (t: Test, { redisPrefix }: World, name: string): Queue => {
  const redis = new Redis(testServices().redisUrl)
  const queue = new Queue(name, { connection: redis, prefix: queuePrefixOf(redisPrefix) })
  t.teardown(async () => {
    await queue.close()
    await redis.quit()
  })
  return queue
}
