import { type ByteSource, WINDOW_BYTES } from './byte-source.js'
import { MAX_PARTS, type Outline } from './outline.js'
import { UnfitImageError } from './unfit.js'

const HEAD_BYTES = 8
/** A size of 1 says that the real one follows, in 64 bits (ISO/IEC 14496-12, 4.2.2). */
const LONG_SIZE = 1
const LONG_HEAD_BYTES = 16
/** What a still picture consists of. Anything else at the top is not part of it. */
const STILL: readonly string[] = ['ftyp', 'meta', 'mdat', 'free', 'skip']
const BRANDS_LIMIT = 256

/** The property that holds a size: its own is 20 bytes, with version and flags between (ISO/IEC 23008-12, 6.5.3). */
const EXTENT = Buffer.from('0000001469737065', 'hex')
const EXTENT_BYTES = 20

/** The largest size in the description. One that is further in than a window is the decoder's to refuse. */
const pixelsIn = (meta: Buffer): number => {
  let pixels = 0
  for (let at = meta.indexOf(EXTENT); at >= 0; at = meta.indexOf(EXTENT, at + EXTENT_BYTES)) {
    if (at + EXTENT_BYTES > meta.length) break
    pixels = Math.max(pixels, meta.readUInt32BE(at + 12) * meta.readUInt32BE(at + 16))
  }
  return pixels
}

const sizeOf = (bytes: Buffer): number => {
  const size = bytes.readUInt32BE(0)
  return size === LONG_SIZE && bytes.length >= LONG_HEAD_BYTES
    ? Number(bytes.readBigUInt64BE(HEAD_BYTES))
    : size
}

/** A sequence is announced by its brand (AV1 Image File Format, 6.3) and described by `moov`. */
const isMoving = (type: string, bytes: Buffer, size: number): boolean => {
  if (type === 'moov') return true
  const brands = bytes.toString('latin1', HEAD_BYTES, Math.min(size, BRANDS_LIMIT))
  return type === 'ftyp' && brands.includes('avis')
}

/**
 * Outlines an AVIF, up to the last box that belongs to it. A box without a size, which reaches to the end of the file
 * whatever that is, is refused: nobody could tell what belongs to it.
 * @throws UnfitImageError
 */
export const outlineAvif = async (source: ByteSource): Promise<Outline> => {
  let pixels = 0
  let at = 0
  for (let part = 0; at < source.size && part < MAX_PARTS; part += 1) {
    const bytes = await source.from(at, BRANDS_LIMIT)
    if (bytes.length < HEAD_BYTES) break
    const type = bytes.toString('latin1', 4, HEAD_BYTES)
    const size = sizeOf(bytes)
    if (isMoving(type, bytes, size)) throw new UnfitImageError('animated')
    if (!STILL.includes(type)) break
    if (size < HEAD_BYTES) throw new UnfitImageError('damaged')
    if (type === 'meta') pixels = pixelsIn((await source.from(at, WINDOW_BYTES)).subarray(0, size))
    at += size
  }
  return { end: at, pixels }
}
