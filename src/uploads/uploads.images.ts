import type { Rendering } from './images/rendering.js'
import { runRenderer } from './images/run-renderer.js'
import { checkStructure } from './images/structure.js'

export type { ImageFile, Rendering } from './images/rendering.js'
export { IMAGE_HEAD_BYTES, type ImageType, sniffImageType } from './images/sniff.js'
export { UnfitImageError, type UnfitReason } from './images/unfit.js'

/**
 * Makes of an uploaded file what may be shown to others: the picture in its own format, at most 4,096 pixels a side
 * (2,560 as AVIF), and three variants in WebP that fit into 160, 640 and 1,600 pixels; none is enlarged. All are
 * upright, in sRGB, and hold no metadata. They are written into `directory`, which the caller makes and removes.
 *
 * The file is first read for what it is and where it ends, in a few milliseconds and 64 KiB; then decoded in a process
 * of its own, with limits of memory and processor time, and of 60 s in all.
 * @throws UnfitImageError when the file is at fault, and another try would not help unless it `mayPass`; the signal's
 * reason when it is aborted, once nothing is written any more; any other error is not the file's fault
 */
export const processImage = async (
  { path }: { readonly path: string },
  directory: string,
  signal: AbortSignal,
): Promise<Rendering> => {
  signal.throwIfAborted()
  const type = await checkStructure(path)
  return runRenderer({ path, type, directory }, signal)
}

export type ProcessImage = typeof processImage
