import { createWriteStream } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { Database, Executor, Transaction } from '../shared/database/client.js'
import type { JobContext } from '../shared/queue/handler.js'
import type { JobProducer } from '../shared/queue/producer.js'
import type { Storage } from '../shared/storage/storage.js'
import type { TemporaryFiles } from '../shared/storage/temporary-files.js'
import type { ReleasesService } from './releases.service.js'
import type { StoredImagesRepository } from './stored-images.repository.js'
import { type ImageRef, rawKey, variantKey } from './uploads.files.js'
import { type ImageFile, type ProcessImage, UnfitImageError } from './uploads.images.js'
import { publishUploadEvent, removeStoredFiles } from './uploads.jobs.js'
import type { Failure, UploadRecord, UploadsRepository } from './uploads.repository.js'
import { type StoredVariant, type StoredVariants, VARIANTS, type Variant } from './uploads.variants.js'

export interface ProcessingServiceNeeds {
  readonly database: Database
  readonly jobProducer: JobProducer
  readonly storage: Storage
  readonly temporaryFiles: TemporaryFiles
  readonly releasesService: ReleasesService
  readonly processImage: ProcessImage
  readonly uploadsOf: (executor: Executor) => UploadsRepository
  readonly imagesOf: (executor: Executor) => StoredImagesRepository
}

export interface ProcessingService {
  /**
   * Makes an upload ready, or failed where it is no image that we take. Done again it changes nothing.
   * @throws whatever the storage or the database throws; AbortError when `signal` says that it took too long;
   * UnfitImageError when a busy machine may be why the image took too long
   */
  readonly processUpload: (uploadId: string, context: Pick<JobContext, 'attempt' | 'signal'>) => Promise<void>
  /** In the transaction that locked the upload: nothing is kept of it but the reason. */
  readonly failUpload: (transaction: Transaction, upload: UploadRecord, failure: Failure) => Promise<void>
}

/** Tries of an image that takes too long, each up to a minute of one of a worker's few places; then it is the image. */
const SLOW_TRIES = 3

const describe = ({ contentType, bytes, width, height }: ImageFile): StoredVariant => ({
  contentType,
  bytes,
  width,
  height,
})

export const createProcessingService = (needs: ProcessingServiceNeeds): ProcessingService => {
  const { database, jobProducer, storage, temporaryFiles, releasesService, processImage } = needs
  const { uploadsOf, imagesOf } = needs

  const fetchRaw = async (image: ImageRef, path: string, signal: AbortSignal): Promise<void> => {
    const raw = await storage.open(rawKey(image))
    if (!raw) throw new Error('the file that was sent is not stored')
    await pipeline(raw.stream, createWriteStream(path), { signal })
  }

  const makeVariants = (image: ImageRef, signal: AbortSignal): Promise<StoredVariants> =>
    temporaryFiles.withFolder(async (folder) => {
      const source = join(folder, 'source')
      const results = join(folder, 'results')
      await mkdir(results)
      await fetchRaw(image, source, signal)
      const { original, variants } = await processImage({ path: source }, results, signal)
      const files: Readonly<Record<Variant, ImageFile>> = { original, ...variants }
      for (const variant of VARIANTS) {
        signal.throwIfAborted()
        await storage.put(variantKey(image, variant), files[variant])
      }
      const { small, medium, large } = variants
      return {
        original: describe(original),
        small: describe(small),
        medium: describe(medium),
        large: describe(large),
      }
    })

  const publish = (transaction: Transaction, upload: UploadRecord, failure?: Failure): Promise<void> =>
    jobProducer.send(transaction, publishUploadEvent, {
      uploadId: upload.id,
      userId: upload.userId,
      version: upload.version,
      status: failure ? ('failed' as const) : ('ready' as const),
      reason: failure?.code ?? null,
      occurredAt: upload.updatedAt.toISOString(),
    })

  /** The first of those who made the same says what there is, and has what was sent removed. */
  const noteImages = async (transaction: Transaction, image: ImageRef, images: StoredVariants) => {
    const locked = await imagesOf(transaction).lockImage(image.id)
    if (!locked || locked.images) return
    await imagesOf(transaction).setImages(image.id, images)
    const raw = { imageId: image.id, what: 'raw' as const, keys: [rawKey(image)] }
    await jobProducer.send(transaction, removeStoredFiles, raw)
  }

  /** Runs `work` if the upload is still waiting for it: a second delivery finds that it is not. */
  const decide = (
    uploadId: string,
    work: (transaction: Transaction, upload: UploadRecord) => Promise<void>,
  ): Promise<void> =>
    database.transaction(async (transaction) => {
      const upload = await uploadsOf(transaction).lockUpload(uploadId)
      if (upload?.status === 'processing') await work(transaction, upload)
    })

  const failUpload: ProcessingService['failUpload'] = async (transaction, { id, imageId }, failure) => {
    const failed = await uploadsOf(transaction).markFailed(id, failure)
    if (imageId !== null) await releasesService.release(transaction, imageId)
    await publish(transaction, failed, failure)
  }

  return {
    failUpload,

    processUpload: async (uploadId, { attempt, signal }) => {
      const image = await uploadsOf(database).findWork(uploadId)
      if (!image) return
      try {
        const images = image.images ?? (await makeVariants(image, signal))
        await decide(uploadId, async (transaction, upload) => {
          await noteImages(transaction, image, images)
          await publish(transaction, await uploadsOf(transaction).markReady(upload.id))
        })
      } catch (error) {
        if (!(error instanceof UnfitImageError)) throw error
        if (error.mayPass && attempt < SLOW_TRIES) throw error
        const failure = { code: error.reason, message: error.message }
        await decide(uploadId, (transaction, upload) => failUpload(transaction, upload, failure))
      }
    },
  }
}
