import { and, eq, sql } from 'drizzle-orm'
import type { Executor } from '../shared/database/client.js'
import type { ImageRef } from './uploads.files.js'
import type { UploadStatus } from './uploads.status.js'
import { media, storedImages, uploads } from './uploads.table.js'
import type { StoredVariants } from './uploads.variants.js'

/** An image that can be read. */
export type ReadableImage = ImageRef & { readonly images: StoredVariants }

const image = {
  id: storedImages.id,
  sha256: sql<string>`encode(${storedImages.sha256}, 'hex')`,
  images: sql<StoredVariants>`${storedImages.images}`,
}

export const createMediaRepository = (executor: Executor) => {
  const imagesOf = () =>
    executor
      .select({ ...image, status: uploads.status })
      .from(uploads)
      .leftJoin(storedImages, eq(storedImages.id, uploads.storedImageId))

  return {
    /** The upload's status if it is that user's; it stays so and is not deleted until the transaction ends. */
    holdStatus: async (uploadId: string, userId: string): Promise<UploadStatus | undefined> => {
      const [row] = await executor
        .select({ status: uploads.status })
        .from(uploads)
        .where(and(eq(uploads.id, uploadId), eq(uploads.userId, userId)))
        .for('share')
      return row?.status
    },

    findUploadOf: async (mediaId: string): Promise<string | undefined> => {
      const [row] = await executor
        .select({ uploadId: media.uploadId })
        .from(media)
        .where(eq(media.id, mediaId))
      return row?.uploadId
    },

    insertMedia: async (id: string, uploadId: string): Promise<void> => {
      await executor.insert(media).values({ id, uploadId })
    },

    deleteMedia: async (id: string): Promise<void> => {
      await executor.delete(media).where(eq(media.id, id))
    },

    /** What an upload is stored as; without `image` while it is not ready. */
    findOwnImage: async (
      uploadId: string,
      userId: string,
    ): Promise<{ image?: ReadableImage } | undefined> => {
      const [row] = await imagesOf().where(and(eq(uploads.id, uploadId), eq(uploads.userId, userId)))
      return row && toReadable(row)
    },

    findPublicImage: async (mediaId: string): Promise<ReadableImage | undefined> => {
      const [row] = await imagesOf()
        .innerJoin(media, eq(media.uploadId, uploads.id))
        .where(eq(media.id, mediaId))
      return row && toReadable(row).image
    },
  }
}

interface Row {
  readonly id: string | null
  readonly sha256: string
  readonly images: StoredVariants
  readonly status: UploadStatus
}

const toReadable = ({ id, sha256, images, status }: Row): { image?: ReadableImage } =>
  id === null || status !== 'ready' ? {} : { image: { id, sha256, images } }

export type MediaRepository = ReturnType<typeof createMediaRepository>
