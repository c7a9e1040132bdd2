import { and, desc, eq, lt, sql } from 'drizzle-orm'
import type { Executor } from '../shared/database/client.js'
import { translateViolations } from '../shared/database/failures.js'
import { unauthenticated } from '../shared/errors.js'
import { ImageGoneError, uploadInUse } from './uploads.errors.js'
import type { ImageRef } from './uploads.files.js'
import type { Upload } from './uploads.schemas.js'
import type { UploadStatus } from './uploads.status.js'
import { storedImages, uploads } from './uploads.table.js'
import { type StoredVariants, VARIANTS } from './uploads.variants.js'

/** An upload with the version that its ETag names. */
export type VersionedUpload = Upload & { readonly version: number }

/** An upload as workers see it. */
export interface UploadRecord {
  readonly id: string
  readonly userId: string
  readonly status: UploadStatus
  readonly version: number
  readonly imageId: string | null
  readonly updatedAt: Date
}

export interface NewUpload {
  readonly id: string
  readonly userId: string
  readonly storedImageId: string
  readonly contentType: string
  readonly bytes: number
}

export interface Failure {
  readonly code: string
  readonly message: string
}

export interface UploadsFilter {
  readonly userId: string
  /** Goes on behind this upload. */
  readonly after?: string | undefined
  readonly limit: number
}

export const uploadRecord = {
  id: uploads.id,
  userId: uploads.userId,
  status: uploads.status,
  version: uploads.version,
  imageId: uploads.storedImageId,
  updatedAt: uploads.updatedAt,
}

type Row = typeof uploads.$inferSelect

const describe = (id: string, images: StoredVariants): NonNullable<Upload['variants']> => {
  const [original, small, medium, large] = VARIANTS.map((variant) => ({
    url: `/v1/uploads/${id}/content?variant=${variant}`,
    ...images[variant],
  }))
  if (!original || !small || !medium || !large) throw new Error('a variant is missing')
  return { original, small, medium, large }
}

const toUpload = (row: Row, images: StoredVariants | null): VersionedUpload => ({
  id: row.id,
  status: row.status,
  contentType: row.contentType,
  bytes: row.bytes,
  failure: row.failureCode === null ? null : { code: row.failureCode, message: row.failureMessage ?? '' },
  // What is made is made for all who sent it, but this one may still be in the queue.
  variants: row.status === 'ready' && images ? describe(row.id, images) : null,
  createdAt: row.createdAt.toISOString(),
  updatedAt: row.updatedAt.toISOString(),
  version: row.version,
})

const touched = { version: sql`${uploads.version} + 1`, updatedAt: sql`now()` }

export const createUploadsRepository = (executor: Executor) => {
  const withImage = () =>
    executor
      .select({ upload: uploads, images: storedImages.images })
      .from(uploads)
      .leftJoin(storedImages, eq(storedImages.id, uploads.storedImageId))

  return {
    /**
     * Holds the owner, then the image: neither is deleted before the transaction ends.
     * @throws unauthenticated when the owner is deleted, ImageGoneError
     */
    insertUpload: async (upload: NewUpload): Promise<VersionedUpload> => {
      const errors = {
        uploads_user_id_fkey: () => unauthenticated(),
        uploads_stored_image_id_fkey: () => new ImageGoneError(),
      }
      const [row] = await translateViolations(errors, () =>
        executor.insert(uploads).values(upload).returning(),
      )
      if (!row) throw new Error('insert returned no upload')
      return toUpload(row, null)
    },

    findUpload: async (id: string, userId: string): Promise<VersionedUpload | undefined> => {
      const [row] = await withImage().where(and(eq(uploads.id, id), eq(uploads.userId, userId)))
      return row && toUpload(row.upload, row.images)
    },

    /** Newest first. */
    listUploads: async ({ userId, after, limit }: UploadsFilter): Promise<VersionedUpload[]> => {
      const rows = await withImage()
        .where(and(eq(uploads.userId, userId), after === undefined ? undefined : lt(uploads.id, after)))
        .orderBy(desc(uploads.id))
        .limit(limit)
      return rows.map(({ upload, images }) => toUpload(upload, images))
    },

    /** Holds the upload until the transaction ends; the image, if it is to be locked too, comes after it. */
    lockUpload: async (id: string): Promise<UploadRecord | undefined> => {
      const [row] = await executor.select(uploadRecord).from(uploads).where(eq(uploads.id, id)).for('update')
      return row
    },

    /** Lock it first. */
    markReady: async (id: string): Promise<UploadRecord> => {
      const set = { status: 'ready' as const, ...touched }
      return one(await executor.update(uploads).set(set).where(eq(uploads.id, id)).returning(uploadRecord))
    },

    /** Lets go of the image as well. Lock it first. */
    markFailed: async (id: string, { code, message }: Failure): Promise<UploadRecord> => {
      const failure = { failureCode: code, failureMessage: message, storedImageId: null }
      const set = { status: 'failed' as const, ...failure, ...touched }
      return one(await executor.update(uploads).set(set).where(eq(uploads.id, id)).returning(uploadRecord))
    },

    /** Lock it first. @throws upload_in_use */
    deleteUpload: async (id: string): Promise<void> => {
      await translateViolations({ media_upload_id_fkey: () => uploadInUse() }, () =>
        executor.delete(uploads).where(eq(uploads.id, id)),
      )
    },

    isImageUsed: async (imageId: string): Promise<boolean> => {
      const rows = await executor
        .select({ id: uploads.id })
        .from(uploads)
        .where(eq(uploads.storedImageId, imageId))
        .limit(1)
      return rows.length > 0
    },

    /** The image that is to be made for an upload; undefined when there is nothing to be done any more. */
    findWork: async (id: string): Promise<(ImageRef & { images: StoredVariants | null }) | undefined> => {
      const { id: imageId, images } = storedImages
      const [row] = await executor
        .select({ id: imageId, sha256: sql<string>`encode(${storedImages.sha256}, 'hex')`, images })
        .from(uploads)
        .innerJoin(storedImages, eq(storedImages.id, uploads.storedImageId))
        .where(and(eq(uploads.id, id), eq(uploads.status, 'processing')))
      return row
    },
  }
}

const one = <T>([row]: readonly T[]): T => {
  if (row === undefined) throw new Error('update returned no upload: it was not locked before')
  return row
}

export type UploadsRepository = ReturnType<typeof createUploadsRepository>
