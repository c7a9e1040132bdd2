import { and, asc, eq, inArray, lt, sql } from 'drizzle-orm'
import type { Executor } from '../shared/database/client.js'
import type { ImageRef } from './uploads.files.js'
import { storedImages } from './uploads.table.js'
import type { StoredVariants } from './uploads.variants.js'

/** A row of stored images; `images` is null until they are made. */
export type StoredImage = ImageRef & { readonly images: StoredVariants | null }

const columns = {
  id: storedImages.id,
  sha256: sql<string>`encode(${storedImages.sha256}, 'hex')`,
  images: storedImages.images,
}

export const createStoredImagesRepository = (executor: Executor) => ({
  /**
   * The row of this content, made if there is none. It stays for the next hour at least, unless somebody deletes the
   * last upload of it: whoever names it then learns that it is gone.
   */
  claim: async (id: string, sha256: Buffer): Promise<StoredImage> => {
    const [row] = await executor
      .insert(storedImages)
      .values({ id, sha256 })
      .onConflictDoUpdate({ target: storedImages.sha256, set: { createdAt: sql`now()` } })
      .returning(columns)
    if (!row) throw new Error('insert returned no image')
    return row
  },

  /** Name it in an upload first: that keeps the row from being deleted until the transaction ends. */
  markInUse: async (id: string): Promise<void> => {
    await executor
      .update(storedImages)
      .set({ inUse: true })
      .where(and(eq(storedImages.id, id), eq(storedImages.inUse, false)))
  },

  lockImage: async (id: string): Promise<StoredImage | undefined> => {
    const [row] = await executor
      .select(columns)
      .from(storedImages)
      .where(eq(storedImages.id, id))
      .for('update')
    return row
  },

  /** Lock it first. */
  setImages: async (id: string, images: StoredVariants): Promise<void> => {
    await executor.update(storedImages).set({ images }).where(eq(storedImages.id, id))
  },

  deleteImage: async (id: string): Promise<void> => {
    await executor.delete(storedImages).where(eq(storedImages.id, id))
  },

  /** Locks up to `limit` rows that no upload ever came to name. */
  lockUnused: (minutes: number, limit: number): Promise<StoredImage[]> =>
    executor
      .select(columns)
      .from(storedImages)
      .where(
        and(
          eq(storedImages.inUse, false),
          lt(storedImages.createdAt, sql`now() - make_interval(mins => ${minutes})`),
        ),
      )
      .orderBy(asc(storedImages.createdAt))
      .limit(limit)
      .for('update', { skipLocked: true }),

  /** Which of these there are, and whether they are made. */
  findImages: (ids: readonly string[]): Promise<{ id: string; isMade: boolean }[]> =>
    executor
      .select({ id: storedImages.id, isMade: sql<boolean>`${storedImages.images} is not null` })
      .from(storedImages)
      .where(inArray(storedImages.id, [...ids])),
})

export type StoredImagesRepository = ReturnType<typeof createStoredImagesRepository>
