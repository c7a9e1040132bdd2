import type { ByteSource } from './byte-source.js'
import { MAX_PARTS, type Outline } from './outline.js'
import { UnfitImageError } from './unfit.js'

/** `RIFF` and the size, which counts what follows (WebP container specification, RIFF file format). */
const RIFF_HEAD_BYTES = 8
const FIRST_CHUNK = 12
const CHUNK_HEAD_BYTES = 8
const HEAD_BYTES = 30
const MOVING: readonly string[] = ['ANIM', 'ANMF']

/** Where each kind of first chunk has the size: RFC 6386, 9.1; RFC 9649, 3.4 and 2.7. */
const pixelsOf = (head: Buffer): number => {
  const type = head.toString('latin1', FIRST_CHUNK, FIRST_CHUNK + 4)
  if (type === 'VP8X') return (head.readUIntLE(24, 3) + 1) * (head.readUIntLE(27, 3) + 1)
  const size = head.readUInt32LE(type === 'VP8L' ? 21 : 26)
  if (type === 'VP8L') return ((size & 0x3fff) + 1) * (((size >>> 14) & 0x3fff) + 1)
  return (size & 0x3fff) * ((size >>> 16) & 0x3fff)
}

/** Outlines a WebP, whose chunks fill it exactly. @throws UnfitImageError */
export const outlineWebp = async (source: ByteSource): Promise<Outline> => {
  const head = await source.from(0, HEAD_BYTES)
  if (head.length < HEAD_BYTES) throw new UnfitImageError('damaged')
  const pixels = pixelsOf(head)
  const end = RIFF_HEAD_BYTES + head.readUInt32LE(4)
  let at = FIRST_CHUNK
  for (let part = 0; at < end && part < MAX_PARTS; part += 1) {
    const bytes = await source.from(at, CHUNK_HEAD_BYTES)
    if (bytes.length < CHUNK_HEAD_BYTES) break
    if (MOVING.includes(bytes.toString('latin1', 0, 4))) throw new UnfitImageError('animated')
    const length = bytes.readUInt32LE(4)
    at += CHUNK_HEAD_BYTES + length + (length % 2)
  }
  if (at !== end) throw new UnfitImageError('damaged')
  return { end, pixels }
}
