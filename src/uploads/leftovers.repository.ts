import { and, eq, inArray, isNotNull, isNull, lt, notExists, sql } from 'drizzle-orm'
import type { Executor } from '../shared/database/client.js'
import { outbox } from '../shared/database/outbox.table.js'
import { type UploadRecord, uploadRecord } from './uploads.repository.js'
import { media, uploads } from './uploads.table.js'

const JOB = 'process-upload'
/** As the job's contract spells it. */
const jobKey = sql`concat_ws('-', ${JOB}::text, ${uploads.id})`

/** A job that is still to come, or to come again, will decide. */
const openJob = (executor: Executor) =>
  executor
    .select({ id: outbox.id })
    .from(outbox)
    .where(and(eq(outbox.name, JOB), eq(outbox.key, jobKey), isNull(outbox.closedAt)))

/** Uploads that nobody wants or waits for any more. */
export const createLeftoversRepository = (executor: Executor) => ({
  abandonUploadsOf: async (userId: string): Promise<void> => {
    await executor
      .update(uploads)
      .set({ abandonedAt: sql`now()` })
      .where(and(eq(uploads.userId, userId), isNull(uploads.abandonedAt)))
  },

  /** Locks up to `limit` uploads of deleted accounts that are shown nowhere. */
  lockAbandoned: (limit: number): Promise<UploadRecord[]> => {
    const shown = executor.select({ id: media.id }).from(media).where(eq(media.uploadId, uploads.id))
    return executor
      .select(uploadRecord)
      .from(uploads)
      .where(and(isNotNull(uploads.abandonedAt), notExists(shown)))
      .orderBy(uploads.id)
      .limit(limit)
      .for('update', { skipLocked: true })
  },

  /** Locks up to `limit` uploads that nobody will process any more: their job was given up or lost. */
  lockStuck: (minutes: number, limit: number): Promise<UploadRecord[]> =>
    executor
      .select(uploadRecord)
      .from(uploads)
      .where(
        and(
          eq(uploads.status, 'processing'),
          lt(uploads.updatedAt, sql`now() - make_interval(mins => ${minutes})`),
          // One look into an index for each, however long the outbox is: few are so old as long as workers are there.
          sql`${openJob(executor)} is null`,
        ),
      )
      .orderBy(uploads.updatedAt)
      .limit(limit)
      .for('update', { skipLocked: true }),

  /** Whether a job of that name is still to be done. */
  isJobOpen: async ({ queue, name }: { readonly queue: string; readonly name: string }): Promise<boolean> => {
    const rows = await executor
      .select({ id: outbox.id })
      .from(outbox)
      .where(and(eq(outbox.queue, queue), eq(outbox.name, name), isNull(outbox.closedAt)))
      .limit(1)
    return rows.length > 0
  },

  deleteUploads: async (ids: readonly string[]): Promise<void> => {
    if (ids.length > 0) await executor.delete(uploads).where(inArray(uploads.id, [...ids]))
  },
})

export type LeftoversRepository = ReturnType<typeof createLeftoversRepository>
