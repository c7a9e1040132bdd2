import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { processImage, type Rendering, UnfitImageError } from '../../src/uploads/uploads.images.js'

export interface ImageRun {
  /** `ready`, or why not. */
  readonly outcome: string
  readonly milliseconds: number
}

/** Processes the bytes as a file of a folder that is there until `look` has looked at what came out. */
export const processed = async <T>(
  bytes: Uint8Array,
  look: (rendering: Rendering) => Promise<T>,
): Promise<T> => {
  const directory = await mkdtemp(join(tmpdir(), 'unnest-image-'))
  try {
    const path = join(directory, 'upload')
    await writeFile(path, bytes)
    return await look(await processImage({ path }, directory, new AbortController().signal))
  } finally {
    await rm(directory, { recursive: true })
  }
}

/** How processing the bytes ends. Rejects with what it ends with, if that is neither a picture nor a refusal. */
export const tryImage = async (bytes: Uint8Array): Promise<ImageRun> => {
  const begun = performance.now()
  const outcome = await processed(bytes, async () => 'ready').catch((error: unknown) => {
    if (error instanceof UnfitImageError) return error.reason
    throw error
  })
  return { outcome, milliseconds: performance.now() - begun }
}
