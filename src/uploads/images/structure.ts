import { open } from 'node:fs/promises'
import { outlineAvif } from './avif-outline.js'
import { type ByteSource, createByteSource } from './byte-source.js'
import { outlineJpeg } from './jpeg-outline.js'
import { MAX_PIXELS } from './limits.js'
import type { Outline } from './outline.js'
import { outlinePng } from './png-outline.js'
import { IMAGE_HEAD_BYTES, type ImageType, sniffImageType } from './sniff.js'
import { UnfitImageError } from './unfit.js'
import { outlineWebp } from './webp-outline.js'
import { isZipArchive } from './zip-archive.js'

/*
 * Which polyglots are refused. What we give out is encoded anew, so nothing but pixels survives anyway; but what is
 * stored until then would still be the attacker's file. Refused is therefore what other programs take for a file of
 * theirs: by its beginning, by its end, or behind the end of the picture. Text in a comment is none of these: whoever
 * forbids words there meets captions, and misses the next word. It is lost with the comment.
 */

const OUTLINES: Readonly<Record<ImageType, (source: ByteSource) => Promise<Outline>>> = {
  'image/jpeg': outlineJpeg,
  'image/png': outlinePng,
  'image/webp': outlineWebp,
  'image/avif': outlineAvif,
}

/** Readers of PDF look for its signature this far (PDF 1.7 reference, implementation note 13). */
const PDF_REACH_BYTES = 1_024
/** A JPEG's first length, read as text: what follows is a comment in JavaScript, and then comes the script. */
const SCRIPT_COMMENT = '/*'
const SCRIPT_COMMENT_OFFSET = 4

const isScript = (type: ImageType, head: Buffer): boolean =>
  type === 'image/jpeg' &&
  head.toString('latin1', SCRIPT_COMMENT_OFFSET, SCRIPT_COMMENT_OFFSET + 2) === SCRIPT_COMMENT

const hasSecondFormat = async (source: ByteSource, type: ImageType): Promise<boolean> => {
  const head = (await source.from(0, PDF_REACH_BYTES)).subarray(0, PDF_REACH_BYTES)
  return head.includes('%PDF-') || isScript(type, head) || (await isZipArchive(source))
}

/**
 * Says what the file is, without decoding any of it: complete, of a size that can be decoded, with nothing behind its
 * end, and nothing else besides a picture. Reads it once, in a fixed amount of memory.
 * @throws UnfitImageError
 */
export const checkStructure = async (path: string): Promise<ImageType> => {
  const file = await open(path)
  try {
    const source = await createByteSource(file)
    const type = sniffImageType(await source.from(0, IMAGE_HEAD_BYTES))
    if (type === undefined) throw new UnfitImageError('not_an_image')
    const { end, pixels } = await OUTLINES[type](source)
    if (pixels > MAX_PIXELS[type]) throw new UnfitImageError('too_many_pixels')
    if (end > source.size) throw new UnfitImageError('damaged')
    if (end < source.size) throw new UnfitImageError('trailing_data')
    if (await hasSecondFormat(source, type)) throw new UnfitImageError('second_format')
    return type
  } finally {
    await file.close()
  }
}
