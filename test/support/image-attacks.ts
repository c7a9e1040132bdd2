import {
  box,
  deflatedZeros,
  jpegApp,
  jpegComment,
  PNG_SIGNATURE,
  pngChunk,
  pngHeader,
  riffChunk,
  withChunks,
  withRiffChunks,
  withSegments,
  zipArchive,
} from './image-parts.js'

/** A file that must not be accepted, and the reason that is to be given. */
export interface Attack {
  readonly name: string
  readonly bytes: Buffer
  readonly reason: string
}

/** Complete pictures of each type, to be abused. */
export interface Samples {
  readonly jpeg: Buffer
  readonly png: Buffer
  readonly webp: Buffer
  readonly avif: Buffer
}

const SIDE = 64_250

/** A valid PNG of half a megabyte that unpacks to four gigapixels: 516 MB at one bit each, 16 GB as RGBA. */
export const pixelBomb = (side: number = SIDE): Buffer => {
  const rowBytes = 1 + Math.ceil(side / 8)
  const pixels = pngChunk('IDAT', deflatedZeros(rowBytes * side))
  return Buffer.concat([PNG_SIGNATURE, pngHeader(side, side, 1), pixels, pngChunk('IEND')])
}

const JPEG_FRAME = 0xc0
/** libjpeg reads no larger one. */
const JPEG_MAX_SIDE = 65_500

/** The JPEG, whose header now claims to be as large as a JPEG can be. */
export const claimingJpeg = (jpeg: Buffer): Buffer => {
  const bytes = Buffer.from(jpeg)
  const frame = bytes.findIndex((byte, at) => byte === 0xff && bytes[at + 1] === JPEG_FRAME)
  bytes.writeUInt16BE(JPEG_MAX_SIDE, frame + 5)
  bytes.writeUInt16BE(JPEG_MAX_SIDE, frame + 7)
  return bytes
}

const WEBP_MAX_SIDE = 16_383
const VP8_SIZE_OFFSET = 26

/** The lossy WebP, whose frame now claims to be as large as one can be. */
export const claimingWebp = (webp: Buffer): Buffer => {
  const bytes = Buffer.from(webp)
  bytes.writeUInt16LE(WEBP_MAX_SIDE, VP8_SIZE_OFFSET)
  bytes.writeUInt16LE(WEBP_MAX_SIDE, VP8_SIZE_OFFSET + 2)
  return bytes
}

/** The AVIF, whose one image claims that size. */
export const claimingAvif = (avif: Buffer, side: number = SIDE): Buffer => {
  const bytes = Buffer.from(avif)
  const extent = bytes.indexOf('ispe') + 8
  bytes.writeUInt32BE(side, extent)
  bytes.writeUInt32BE(side, extent + 4)
  return bytes
}

/** Boxes in boxes, `depth` of them, where an AVIF keeps its description. */
export const deepBoxes = (depth: number): Buffer => {
  const ftyp = box('ftyp', 'avif', Buffer.alloc(4), 'avifmif1miaf')
  const heads = Buffer.alloc(depth * 8, '\0\0\0\0iprp', 'latin1')
  for (let level = 0; level < depth; level += 1) heads.writeUInt32BE((depth - level) * 8, level * 8)
  return Buffer.concat([ftyp, box('meta', Buffer.alloc(4), heads)])
}

/** They are refused for what they claim, before anything is decoded. */
export const pixelBombs = ({ jpeg, webp, avif }: Samples): readonly Attack[] => [
  { name: 'a PNG of 64,250 x 64,250 pixels', bytes: pixelBomb(), reason: 'too_many_pixels' },
  { name: 'a JPEG that claims 65,500 x 65,500', bytes: claimingJpeg(jpeg), reason: 'too_many_pixels' },
  { name: 'a WebP that claims 16,383 x 16,383', bytes: claimingWebp(webp), reason: 'too_many_pixels' },
  { name: 'an AVIF that claims 64,250 x 64,250', bytes: claimingAvif(avif), reason: 'too_many_pixels' },
]

/** They claim little, and unpack to so many bytes: a decoder has to see to its own memory. */
export const unpackingBombs = (
  { png }: Samples,
  unpackedBytes: number,
): readonly Omit<Attack, 'reason'>[] => {
  const zeros = deflatedZeros(unpackedBytes)
  const text = Buffer.concat([Buffer.from('Comment\0\0'), zeros])
  const international = Buffer.concat([Buffer.from('Comment\0\x01\0\0\0'), zeros])
  const pixels = [pngHeader(9, 9), pngChunk('IDAT', zeros), pngChunk('IEND')]
  return [
    { name: 'a PNG with too much in its pixels', bytes: Buffer.concat([PNG_SIGNATURE, ...pixels]) },
    { name: 'a PNG with a large profile', bytes: withChunks(png, pngChunk('iCCP', text)) },
    { name: 'a PNG with a large text', bytes: withChunks(png, pngChunk('zTXt', text)) },
    { name: 'a PNG with a large iTXt', bytes: withChunks(png, pngChunk('iTXt', international)) },
    { name: 'an AVIF of a million nested boxes', bytes: deepBoxes(1_000_000) },
  ]
}

const HTML = '<html><body><script>alert(document.domain)</script></body></html>'
const PHP = '<?php system($_GET["c"]); ?>'
const PDF = '%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n'
/** The length of the first segment reads as the start of a JavaScript comment. */
const JAVASCRIPT_COMMENT = 0x2f2a

const inFront = (signature: string, bytes: Buffer) => Buffer.concat([Buffer.from(signature), bytes])
const behind = (bytes: Buffer, ...more: (Buffer | string)[]) =>
  Buffer.concat([bytes, ...more.map((part) => Buffer.from(part as string))])

/** Files that are a picture and something else, or only look like a picture. */
export const polyglots = ({ jpeg, png, webp, avif }: Samples): readonly Attack[] => [
  { name: 'a JPEG with a ZIP behind it', bytes: behind(jpeg, zipArchive()), reason: 'trailing_data' },
  { name: 'a JPEG with a JPEG behind it', bytes: behind(jpeg, jpeg), reason: 'trailing_data' },
  { name: 'a PNG with HTML behind it', bytes: behind(png, HTML), reason: 'trailing_data' },
  { name: 'a PNG with PHP behind it', bytes: behind(png, PHP), reason: 'trailing_data' },
  { name: 'a WebP with a ZIP behind it', bytes: behind(webp, zipArchive()), reason: 'trailing_data' },
  { name: 'an AVIF with HTML behind it', bytes: behind(avif, HTML), reason: 'trailing_data' },
  {
    name: 'a PNG that is a ZIP by its last chunk',
    bytes: withChunks(png, pngChunk('zzZz', zipArchive())),
    reason: 'second_format',
  },
  {
    name: 'a WebP that is a ZIP by its last chunk',
    bytes: withRiffChunks(webp, riffChunk('ZZZZ', zipArchive())),
    reason: 'second_format',
  },
  {
    name: 'an AVIF that is a ZIP by its last box',
    bytes: behind(avif, box('free', zipArchive())),
    reason: 'second_format',
  },
  {
    name: 'a JPEG that is a PDF by its comment',
    bytes: withSegments(jpeg, jpegComment(PDF)),
    reason: 'second_format',
  },
  {
    name: 'a PNG that is a PDF by its text',
    bytes: withChunks(png, pngChunk('tEXt', `Comment\0${PDF}`)),
    reason: 'second_format',
  },
  {
    name: 'a JPEG that is a script by the length of its first segment',
    bytes: withSegments(jpeg, jpegApp(0, Buffer.alloc(JAVASCRIPT_COMMENT - 2))),
    reason: 'second_format',
  },
  { name: 'a GIF that is a script', bytes: inFront('GIF89a=1;', jpeg), reason: 'not_an_image' },
  {
    name: 'an SVG',
    bytes: inFront('<svg xmlns="http://www.w3.org/2000/svg"/>', png),
    reason: 'not_an_image',
  },
  { name: 'a TIFF', bytes: inFront('II*\0', jpeg), reason: 'not_an_image' },
  { name: 'a PDF', bytes: Buffer.from(PDF), reason: 'not_an_image' },
  { name: 'a HEIC', bytes: box('ftyp', 'heic', Buffer.alloc(4), 'mif1heic'), reason: 'not_an_image' },
  { name: 'an empty file', bytes: Buffer.alloc(0), reason: 'not_an_image' },
]
