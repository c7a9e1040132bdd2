import type { ByteSource } from './byte-source.js'
import { MAX_PARTS, type Outline } from './outline.js'
import { UnfitImageError } from './unfit.js'

/* ITU-T T.81, B.1.1: markers begin with 0xff; in the entropy-coded data of a scan 0xff is followed by 0 or RSTn. */
const PREFIX = 0xff
const STUFFED = 0x00
const TEMPORARY = 0x01
const FIRST_RESTART = 0xd0
const LAST_RESTART = 0xd7
const START = 0xd8
const END = 0xd9
const SCAN = 0xda
const APP2 = 0xe2
/** Start of frame, but for the three of this range that are something else. */
const FIRST_FRAME = 0xc0
const LAST_FRAME = 0xcf
const NO_FRAMES: readonly number[] = [0xc4, 0xc8, 0xcc]
const SIZE_OFFSET = 5
/** Between segments they mean that a length was wrong. */
const UNEXPECTED: readonly number[] = [STUFFED, START]

/** CIPA DC-007: the segment that announces further pictures behind the first. */
const MULTI_PICTURE = 'MPF\0'
const MAX_PICTURES = 16

const isRestart = (marker: number): boolean => marker >= FIRST_RESTART && marker <= LAST_RESTART
const isFrame = (marker: number): boolean =>
  marker >= FIRST_FRAME && marker <= LAST_FRAME && !NO_FRAMES.includes(marker)
const standsAlone = (marker: number): boolean => isRestart(marker) || marker === TEMPORARY

/** Where the marker stands that ends the scan. */
const endOfScan = async (source: ByteSource, start: number): Promise<number> => {
  let at = start
  for (;;) {
    const bytes = await source.from(at, 2)
    if (bytes.length < 2) throw new UnfitImageError('damaged')
    let index = bytes.indexOf(PREFIX)
    while (index >= 0 && index + 1 < bytes.length) {
      const next = bytes[index + 1] ?? STUFFED
      if (next !== STUFFED && !isRestart(next)) return at + index
      index = bytes.indexOf(PREFIX, index + 2)
    }
    at += index < 0 ? bytes.length : index
  }
}

interface Picture extends Outline {
  readonly announcesMore: boolean
}

/** Of a marker and its content; of a byte, where markers are padded. */
const lengthOf = (bytes: Buffer, marker: number): number => {
  if (marker === PREFIX) return 1
  if (standsAlone(marker)) return 2
  return bytes.length < 4 ? Number.POSITIVE_INFINITY : 2 + bytes.readUInt16BE(2)
}

const announces = (bytes: Buffer, marker: number): boolean =>
  marker === APP2 && bytes.toString('latin1', 4, 8) === MULTI_PICTURE

const pixelsOf = (bytes: Buffer): number =>
  bytes.length < SIZE_OFFSET + 4 ? 0 : bytes.readUInt16BE(SIZE_OFFSET) * bytes.readUInt16BE(SIZE_OFFSET + 2)

const walkPicture = async (source: ByteSource, start: number): Promise<Picture> => {
  let announcesMore = false
  let pixels = 0
  let at = start + 2
  for (let part = 0; at < source.size && part < MAX_PARTS; part += 1) {
    const bytes = await source.from(at, SIZE_OFFSET + 4)
    const [prefix, marker = STUFFED] = bytes
    if (prefix !== PREFIX || UNEXPECTED.includes(marker)) break
    if (marker === END) return { end: at + 2, pixels, announcesMore }
    announcesMore ||= announces(bytes, marker)
    if (isFrame(marker)) pixels = Math.max(pixels, pixelsOf(bytes))
    at += lengthOf(bytes, marker)
    if (marker === SCAN) at = await endOfScan(source, at)
  }
  throw new UnfitImageError('damaged')
}

/**
 * Outlines a JPEG. Phones write a gain map or a preview as a JPEG of its own behind the
 * first: it belongs to the picture if that announces it, and is lost when that is encoded anew.
 * @throws UnfitImageError
 */
export const outlineJpeg = async (source: ByteSource): Promise<Outline> => {
  const first = await walkPicture(source, 0)
  let { end } = first
  for (let picture = 1; first.announcesMore && picture < MAX_PICTURES; picture += 1) {
    const [prefix, marker] = await source.from(end, 2)
    if (prefix !== PREFIX || marker !== START) break
    end = (await walkPicture(source, end)).end
  }
  return { end, pixels: first.pixels }
}
