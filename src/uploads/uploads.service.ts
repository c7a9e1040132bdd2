import type { Database, Executor, Transaction } from '../shared/database/client.js'
import { unavailable } from '../shared/errors.js'
import { newId } from '../shared/new-id.js'
import type { JobProducer } from '../shared/queue/producer.js'
import type { Storage, StoredFile } from '../shared/storage/storage.js'
import type { MediaRepository, ReadableImage } from './media.repository.js'
import type { ReleasesService } from './releases.service.js'
import type { StoredImagesRepository } from './stored-images.repository.js'
import { ImageGoneError, mediaNotFound, orNotFound, uploadNotReady } from './uploads.errors.js'
import { rawKey, variantKey } from './uploads.files.js'
import { processUpload } from './uploads.jobs.js'
import type { UploadsRepository, VersionedUpload } from './uploads.repository.js'
import type { ImageType, Variant } from './uploads.variants.js'

/** A file that was received, whole and of a type that is taken. */
export interface ReceivedFile {
  readonly path: string
  readonly sha256: Buffer
  readonly bytes: number
  readonly contentType: ImageType
}

/** A variant that is about to be sent. */
export type Content = StoredFile & { readonly contentType: string }

export interface UploadsServiceNeeds {
  readonly database: Database
  readonly jobProducer: JobProducer
  readonly storage: Storage
  readonly releasesService: ReleasesService
  readonly uploadsOf: (executor: Executor) => UploadsRepository
  readonly imagesOf: (executor: Executor) => StoredImagesRepository
  readonly mediaOf: (executor: Executor) => MediaRepository
}

export interface UploadsService {
  /**
   * Stores the file, if this content is not there yet, and queues its processing.
   * @throws unauthenticated when the user is deleted, unavailable
   */
  readonly keepUpload: (userId: string, file: ReceivedFile) => Promise<VersionedUpload>
  /** @throws upload_not_found */
  readonly getUpload: (userId: string, id: string) => Promise<VersionedUpload>
  readonly listUploads: UploadsRepository['listUploads']
  /** The files go with the last upload of this content. @throws upload_not_found, upload_in_use */
  readonly deleteUpload: (userId: string, id: string) => Promise<void>
  /** @throws upload_not_found, upload_not_ready */
  readonly findContent: (userId: string, id: string) => Promise<ReadableImage>
  /** What is shown to everybody. @throws media_not_found */
  readonly findMedia: (mediaId: string) => Promise<ReadableImage>
  /** @throws unavailable when the storage is away or the file is not there */
  readonly openVariant: (image: ReadableImage, variant: Variant) => Promise<Content>
}

/** How often the row of a content may be deleted between its claim and its use before we give up. */
const TRIES = 3

const whileThere = async <T>(work: Promise<T>): Promise<T> => {
  try {
    return await work
  } catch (cause) {
    throw unavailable({ cause })
  }
}

export const createUploadsService = (needs: UploadsServiceNeeds): UploadsService => {
  const { database, jobProducer, storage, releasesService, uploadsOf, imagesOf, mediaOf } = needs

  /**
   * The owner is held first, and the image after it. Whoever deletes an account goes from the user to the uploads, and
   * whoever has an upload goes to its image: to wait for the owner with an image in hand would close the circle.
   */
  const writeRow = async (
    transaction: Transaction,
    userId: string,
    storedImageId: string,
    { contentType, bytes }: ReceivedFile,
  ): Promise<VersionedUpload> => {
    const upload = { id: newId(), userId, storedImageId, contentType, bytes }
    const written = await uploadsOf(transaction).insertUpload(upload)
    await imagesOf(transaction).markInUse(storedImageId)
    await jobProducer.send(transaction, processUpload, { uploadId: upload.id })
    return written
  }

  /**
   * The file is stored between two transactions: no lock waits for a disk or a bucket. What a crash leaves in between
   * is a row that nobody uses, which the sweep removes with its file.
   * @throws ImageGoneError when the image was deleted in the meantime, with its last upload
   */
  const tryToKeep = async (userId: string, file: ReceivedFile): Promise<VersionedUpload> => {
    const image = await imagesOf(database).claim(newId(), file.sha256)
    if (!image.images) await whileThere(storage.put(rawKey(image), file))
    return database.transaction((transaction) => writeRow(transaction, userId, image.id, file))
  }

  return {
    keepUpload: async (userId, file) => {
      for (let attempt = 0; attempt < TRIES; attempt += 1) {
        try {
          return await tryToKeep(userId, file)
        } catch (error) {
          if (!(error instanceof ImageGoneError)) throw error
        }
      }
      throw unavailable()
    },

    getUpload: async (userId, id) => orNotFound(await uploadsOf(database).findUpload(id, userId)),
    listUploads: uploadsOf(database).listUploads,

    deleteUpload: (userId, id) =>
      database.transaction(async (transaction) => {
        const upload = await uploadsOf(transaction).lockUpload(id)
        const { imageId } = orNotFound(upload?.userId === userId ? upload : undefined)
        await uploadsOf(transaction).deleteUpload(id)
        if (imageId !== null) await releasesService.release(transaction, imageId)
      }),

    findContent: async (userId, id) => {
      const { image } = orNotFound(await mediaOf(database).findOwnImage(id, userId))
      if (!image) throw uploadNotReady()
      return image
    },

    findMedia: async (mediaId) => {
      const image = await mediaOf(database).findPublicImage(mediaId)
      if (!image) throw mediaNotFound()
      return image
    },

    openVariant: async (image, variant) => {
      const file = await whileThere(storage.open(variantKey(image, variant)))
      if (!file) throw unavailable({ cause: new Error(`${variantKey(image, variant)} is not stored`) })
      return { ...file, contentType: image.images[variant].contentType }
    },
  }
}
