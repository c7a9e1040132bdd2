import { randomUUID } from 'node:crypto'
import type { Database, Executor, Transaction } from '../shared/database/client.js'
import type { LeftoversRepository } from './leftovers.repository.js'
import type { MediaRepository } from './media.repository.js'
import { orNotFound, uploadNotReady } from './uploads.errors.js'

export interface MediaServiceNeeds {
  readonly database: Database
  readonly mediaOf: (executor: Executor) => MediaRepository
  readonly leftoversOf: (executor: Executor) => LeftoversRepository
}

/** An image that is to be shown in the place of another. */
export interface Exchange {
  /** Whose upload it must be. */
  readonly userId: string
  /** What is shown by now; null if nothing is. */
  readonly current: string | null
  /** Null to show nothing. */
  readonly uploadId: string | null
}

/**
 * Uploads as other domains show them, inside the caller's transaction. What is shown has a public address of its own
 * (`mediaUrl`), which ends with it, and its upload cannot be deleted.
 */
export interface MediaService {
  /**
   * Shows one upload in place of another. The caller writes the answer down where the old one stood.
   * @returns the id of what is shown from now on; the old one if it is the same upload
   * @throws upload_not_found, also for somebody else's; upload_not_ready
   */
  readonly exchange: (transaction: Transaction, exchange: Exchange) => Promise<string | null>
  /** Leaves the uploads of a deleted account to the sweep; what is shown with a product stays until it is not. */
  readonly abandonUploadsOf: (transaction: Transaction, userId: string) => Promise<void>
}

export const createMediaService = ({ mediaOf, leftoversOf }: MediaServiceNeeds): MediaService => ({
  exchange: async (transaction, { userId, current, uploadId }) => {
    const media = mediaOf(transaction)
    const shown = current === null ? undefined : await media.findUploadOf(current)
    if (uploadId !== null && uploadId === shown) return current
    const id = uploadId === null ? null : randomUUID()
    if (id !== null && uploadId !== null) {
      const status = orNotFound(await media.holdStatus(uploadId, userId))
      if (status !== 'ready') throw uploadNotReady()
      await media.insertMedia(id, uploadId)
    }
    if (current !== null) await media.deleteMedia(current)
    return id
  },

  abandonUploadsOf: (transaction, userId) => leftoversOf(transaction).abandonUploadsOf(userId),
})
