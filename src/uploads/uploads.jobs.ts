import { z } from 'zod'
import { defineJob } from '../shared/queue/contract.js'

/** Each may take a gigabyte for a moment, and a processor. */
const RENDERED_AT_ONCE = 2

/**
 * Makes the cleaned original and the variants of an upload. A try may take the image module's minute, and the storage's time
 * five times: 43 s. Workers stop sooner and give it back; to begin again costs time, and changes nothing.
 */
export const processUpload = defineJob({
  name: 'process-upload',
  queue: 'uploads',
  timeoutMs: 120_000,
  concurrency: RENDERED_AT_ONCE,
  payload: z.object({ uploadId: z.uuid() }),
  key: ({ uploadId }) => `process-upload-${uploadId}`,
})

/** An upload has become ready or has failed: for whoever wants to hear. */
export const publishUploadEvent = defineJob({
  name: 'publish-upload-event',
  queue: 'events',
  payload: z.object({
    uploadId: z.uuid(),
    userId: z.uuid(),
    version: z.int().min(1),
    status: z.enum(['ready', 'failed']),
    /** A code as `failure.code` of the upload has it; null when it is ready. */
    reason: z.string().nullable(),
    occurredAt: z.iso.datetime(),
  }),
  key: ({ uploadId, version }) => `publish-upload-event-${uploadId}-${version}`,
})

/**
 * Removes the files of an image whose row is gone, or the raw one of an image that is made. Both happen once in the
 * life of a row.
 */
export const removeStoredFiles = defineJob({
  name: 'remove-stored-files',
  queue: 'uploads',
  concurrency: RENDERED_AT_ONCE,
  payload: z.object({
    imageId: z.uuid(),
    what: z.enum(['raw', 'all']),
    keys: z.array(z.string()).max(10),
  }),
  key: ({ imageId, what }) => `remove-stored-files-${imageId}-${what}`,
})

/** Looks through one page of the stored files for those that belong to nothing, then queues the next page. */
export const sweepStoredFiles = defineJob({
  name: 'sweep-stored-files',
  queue: 'uploads',
  // A page of orphans is removed one after another.
  timeoutMs: 120_000,
  concurrency: RENDERED_AT_ONCE,
  payload: z.object({
    sweepId: z.uuid(),
    page: z.int().min(1),
    /** The last key of the page before; null for the first one. */
    after: z.string().nullable(),
  }),
  key: ({ sweepId, page }) => `sweep-stored-files-${sweepId}-${page}`,
})
