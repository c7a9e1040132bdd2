import { z } from 'zod'

/** What a queued job carries; its id in the queue is the id of its outbox row. */
export const jobData = z.object({
  id: z.uuid(),
  version: z.number().int().min(1),
  key: z.string().min(1).max(200),
  payload: z.unknown(),
})

export type JobData = z.infer<typeof jobData>
