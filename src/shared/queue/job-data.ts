import { z } from 'zod'

/** What the queue carries: which row, and which round of it. All else is read from the row when it is claimed. */
export const jobData = z.object({ id: z.uuid(), round: z.int().min(1) })

export type JobData = z.infer<typeof jobData>

/** The job's name in the queue, which drops one that it has already: handing the same round over twice is harmless. */
export const queueIdOf = ({ id, round }: JobData): string => `${id}_${round}`

/** BullMQ's keys of ours. Not the bare prefix: the release before has jobs of another form there. */
export const queuePrefixOf = (prefix: string): string => `${prefix}:jobs`
