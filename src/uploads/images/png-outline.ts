import type { ByteSource } from './byte-source.js'
import { MAX_PARTS, type Outline } from './outline.js'
import { UnfitImageError } from './unfit.js'

const SIGNATURE_BYTES = 8
/** Length, type and checksum (PNG, third edition, 5.3). */
const CHUNK_FRAME_BYTES = 12
/** In the header, which is the first chunk. */
const WIDTH_OFFSET = 16
const HEIGHT_OFFSET = 20

/**
 * Outlines a PNG. An animated one would show its first picture only.
 * @throws UnfitImageError
 */
export const outlinePng = async (source: ByteSource): Promise<Outline> => {
  const head = await source.from(0, HEIGHT_OFFSET + 4)
  if (head.length < HEIGHT_OFFSET + 4) throw new UnfitImageError('damaged')
  const pixels = head.readUInt32BE(WIDTH_OFFSET) * head.readUInt32BE(HEIGHT_OFFSET)
  let at = SIGNATURE_BYTES
  for (let part = 0; part < MAX_PARTS; part += 1) {
    const bytes = await source.from(at, 8)
    if (bytes.length < 8) break
    const type = bytes.toString('latin1', 4, 8)
    if (type === 'acTL') throw new UnfitImageError('animated')
    at += CHUNK_FRAME_BYTES + bytes.readUInt32BE(0)
    if (type === 'IEND') return { end: at, pixels }
  }
  throw new UnfitImageError('damaged')
}
