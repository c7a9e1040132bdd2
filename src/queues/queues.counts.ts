import { z } from 'zod'
import { OPEN_STATES } from './queues.states.js'

/** What the counts of all queues are cached by. */
export const COUNTS_TAG = 'queue-counts'

const count = z.int().min(0)
const rate = z.object({ lastMinute: z.number(), lastFiveMinutes: z.number() })

/** On the wire, and in the cache, which is read as what comes from outside is. */
export const queueSchema = z.object({
  queue: z.string(),
  counts: z.object(
    Object.fromEntries([...OPEN_STATES, 'failed' as const].map((state) => [state, count])) as Record<
      (typeof OPEN_STATES)[number] | 'failed',
      typeof count
    >,
  ),
  countsCapped: z.boolean().meta({ description: 'Whether there is more than was counted' }),
  oldestOpenSeconds: z.number().nullable().meta({ description: 'Since the oldest open job was written' }),
  recent: z
    .object({ completed: count, discarded: count })
    .meta({ description: 'Among the latest 10,000 closed jobs of all queues' }),
  donePerMinute: rate,
  failedPerMinute: rate,
})

export type QueueState = z.infer<typeof queueSchema>

/**
 * The counts look at up to 10,000 closed rows and 100,000 of each queue, and each open dashboard asks every few seconds. Workers
 * change them all the time and tell nobody, so they are kept for a second only; what an admin does counts at once.
 */
export const COUNTS_POLICY = {
  name: 'queue counts',
  ttlSeconds: 1,
  staleSeconds: 1,
  tags: [COUNTS_TAG],
  schema: z.array(queueSchema),
}
