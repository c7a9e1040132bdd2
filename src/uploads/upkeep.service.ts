import type { Database, Executor, Transaction } from '../shared/database/client.js'
import { newId } from '../shared/new-id.js'
import type { JobProducer } from '../shared/queue/producer.js'
import type { Storage, StoredEntry } from '../shared/storage/storage.js'
import { ABANDONED_AFTER_MS, type TemporaryFiles } from '../shared/storage/temporary-files.js'
import type { LeftoversRepository } from './leftovers.repository.js'
import type { ProcessingService } from './processing.service.js'
import type { ReleasesService } from './releases.service.js'
import type { StoredImagesRepository } from './stored-images.repository.js'
import { readKey } from './uploads.files.js'
import { sweepStoredFiles } from './uploads.jobs.js'

export interface UpkeepServiceNeeds {
  readonly database: Database
  readonly jobProducer: JobProducer
  readonly storage: Storage
  readonly temporaryFiles: TemporaryFiles
  readonly processingService: ProcessingService
  readonly releasesService: ReleasesService
  readonly leftoversOf: (executor: Executor) => LeftoversRepository
  readonly imagesOf: (executor: Executor) => StoredImagesRepository
}

/** A page of the sweep through the stored files. */
export interface FilesPage {
  readonly sweepId: string
  readonly page: number
  readonly after: string | null
}

export interface UpkeepService {
  /**
   * Removes what belongs to nobody any more and fails what nobody will process: one batch, in Postgres alone. Files are
   * removed by the jobs that it queues. @returns how many rows it was
   */
  readonly sweepUploads: (transaction: Transaction, limit: number) => Promise<number>
  /** Queues a sweep through all stored files, unless the last one is not over. @returns 0: there is nothing left to do */
  readonly beginFilesSweep: (transaction: Transaction) => Promise<number>
  /** Removes the files of one page that no row names, and queues the next page. */
  readonly sweepFiles: (page: FilesPage) => Promise<void>
  readonly removeFiles: Storage['remove']
}

/** A job's tries take minutes, and a request seconds: after an hour nobody is at it any more. */
const STUCK_MINUTES = 60
const FILES_OF_PAGE = 500

const neverProcessed = {
  code: 'processing_failed',
  message: 'Something went wrong on our side. Please upload the image again.',
}

export const createUpkeepService = (needs: UpkeepServiceNeeds): UpkeepService => {
  const { database, jobProducer, storage, temporaryFiles, leftoversOf, imagesOf } = needs
  const { processingService, releasesService } = needs

  const removeAbandoned = async (transaction: Transaction, limit: number): Promise<number> => {
    const abandoned = await leftoversOf(transaction).lockAbandoned(limit)
    await leftoversOf(transaction).deleteUploads(abandoned.map(({ id }) => id))
    const images = new Set(abandoned.flatMap(({ imageId }) => imageId ?? []))
    for (const imageId of [...images].sort()) await releasesService.release(transaction, imageId)
    return abandoned.length
  }

  const failStuck = async (transaction: Transaction, limit: number): Promise<number> => {
    const stuck = await leftoversOf(transaction).lockStuck(STUCK_MINUTES, limit)
    for (const upload of stuck) await processingService.failUpload(transaction, upload, neverProcessed)
    return stuck.length
  }

  const dropUnused = async (transaction: Transaction, limit: number): Promise<number> => {
    const unused = await imagesOf(transaction).lockUnused(STUCK_MINUTES, limit)
    for (const image of unused) await releasesService.drop(transaction, image)
    return unused.length
  }

  /** The file of no row, or what was sent although the image is made. */
  const orphansAmong = async (entries: readonly StoredEntry[]): Promise<string[]> => {
    const old = entries.filter(({ modifiedAt }) => modifiedAt.getTime() < Date.now() - ABANDONED_AFTER_MS)
    const ours = old.flatMap(({ key }) => {
      const parts = readKey(key)
      return parts ? [{ key, ...parts }] : []
    })
    if (ours.length === 0) return []
    const rows = await imagesOf(database).findImages([...new Set(ours.map(({ imageId }) => imageId))])
    const isMade = new Map(rows.map((row) => [row.id, row.isMade]))
    return ours
      .filter(({ imageId, isRaw }) => !isMade.has(imageId) || (isRaw && isMade.get(imageId) === true))
      .map(({ key }) => key)
  }

  const queue = (transaction: Transaction, page: FilesPage): Promise<void> =>
    jobProducer.send(transaction, sweepStoredFiles, page)

  return {
    sweepUploads: async (transaction, limit) => {
      let rows = 0
      for (const sweep of [removeAbandoned, failStuck, dropUnused]) {
        if (rows < limit) rows += await sweep(transaction, limit - rows)
      }
      return rows
    },

    beginFilesSweep: async (transaction) => {
      if (await leftoversOf(transaction).isJobOpen(sweepStoredFiles)) return 0
      await queue(transaction, { sweepId: newId(), page: 1, after: null })
      return 0
    },

    sweepFiles: async ({ sweepId, page, after }) => {
      if (page === 1) {
        await temporaryFiles.removeAbandoned()
        await storage.removeUnfinished(ABANDONED_AFTER_MS)
      }
      const entries = await storage.list(after ?? undefined, FILES_OF_PAGE)
      await storage.remove(await orphansAmong(entries))
      const last = entries.at(-1)
      if (!last || entries.length < FILES_OF_PAGE) return
      const next = { sweepId, page: page + 1, after: last.key }
      await database.transaction((transaction) => queue(transaction, next))
    },

    removeFiles: storage.remove,
  }
}
