import type { Executor, Transaction } from '../shared/database/client.js'
import type { JobProducer } from '../shared/queue/producer.js'
import type { StoredImage, StoredImagesRepository } from './stored-images.repository.js'
import { allKeys } from './uploads.files.js'
import { removeStoredFiles } from './uploads.jobs.js'
import type { UploadsRepository } from './uploads.repository.js'

export interface ReleasesServiceNeeds {
  readonly jobProducer: JobProducer
  readonly uploadsOf: (executor: Executor) => UploadsRepository
  readonly imagesOf: (executor: Executor) => StoredImagesRepository
}

/** What becomes of an image when an upload of it goes. The upload is locked before the image, by everybody. */
export interface ReleasesService {
  /** Drops the image if that was the last upload of it; others keep it as it is. */
  readonly release: (transaction: Transaction, imageId: string) => Promise<void>
  /** Deletes the row and queues the removal of its files. Lock it first, when nothing names it. */
  readonly drop: (transaction: Transaction, image: StoredImage) => Promise<void>
}

export const createReleasesService = (needs: ReleasesServiceNeeds): ReleasesService => {
  const { jobProducer, uploadsOf, imagesOf } = needs

  const drop: ReleasesService['drop'] = async (transaction, image) => {
    await imagesOf(transaction).deleteImage(image.id)
    const files = { imageId: image.id, what: 'all' as const, keys: allKeys(image) }
    await jobProducer.send(transaction, removeStoredFiles, files)
  }

  return {
    drop,
    release: async (transaction, imageId) => {
      const image = await imagesOf(transaction).lockImage(imageId)
      // Of two who let go at once the second one sees, behind the lock, that the first one has.
      if (image && !(await uploadsOf(transaction).isImageUsed(imageId))) await drop(transaction, image)
    },
  }
}
