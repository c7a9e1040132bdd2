import { constants, crc32, deflateRawSync } from 'node:zlib'

/* The containers that pictures come in, written by hand: what a library would never write can be written too. */

const uint32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

const JPEG_COMMENT = 0xfe
const JPEG_APP0 = 0xe0

export const jpegSegment = (marker: number, content: Uint8Array | string): Buffer => {
  const body = Buffer.from(content)
  const head = Buffer.from([0xff, marker, 0, 0])
  head.writeUInt16BE(body.length + 2, 2)
  return Buffer.concat([head, body])
}

export const jpegComment = (text: string): Buffer => jpegSegment(JPEG_COMMENT, text)
export const jpegApp = (number: number, content: Uint8Array | string): Buffer =>
  jpegSegment(JPEG_APP0 + number, content)

/** Puts segments right behind the JPEG's first two bytes. */
export const withSegments = (jpeg: Uint8Array, ...segments: Buffer[]): Buffer =>
  Buffer.concat([jpeg.subarray(0, 2), ...segments, jpeg.subarray(2)])

export const pngChunk = (type: string, content: Uint8Array | string = ''): Buffer => {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), Buffer.from(content)])
  return Buffer.concat([uint32(body.length - 4), body, uint32(crc32(body))])
}

export const PNG_SIGNATURE = Buffer.from('89504e470d0a1a0a', 'hex')
/** The signature, and IHDR with its length and checksum. */
const PNG_HEAD_BYTES = 33

/** Eight bits of grey a pixel, if no other depth is given. */
export const pngHeader = (width: number, height: number, depth = 8): Buffer =>
  pngChunk('IHDR', Buffer.concat([uint32(width), uint32(height), Buffer.from([depth, 0, 0, 0, 0])]))

/** Puts chunks right behind the PNG's header. */
export const withChunks = (png: Uint8Array, ...chunks: Buffer[]): Buffer =>
  Buffer.concat([png.subarray(0, PNG_HEAD_BYTES), ...chunks, png.subarray(PNG_HEAD_BYTES)])

const MEBIBYTE = 1_048_576
const ADLER_MODULUS = 65_521

/** That many zeros as a zlib stream, a thousandth as long, without ever holding them. */
export const deflatedZeros = (bytes: number): Buffer => {
  const deflate = (length: number) =>
    deflateRawSync(Buffer.alloc(length), { level: 9, finishFlush: constants.Z_FULL_FLUSH })
  const block = deflate(MEBIBYTE)
  const blocks = Array.from({ length: Math.floor(bytes / MEBIBYTE) }, () => block)
  const checksum = uint32((bytes % ADLER_MODULUS) * 0x10000 + 1)
  const lastBlock = Buffer.from([3, 0])
  return Buffer.concat([Buffer.from([0x78, 0xda]), ...blocks, deflate(bytes % MEBIBYTE), lastBlock, checksum])
}

/** An ISOBMFF box; a full box's version and flags are part of the content. */
export const box = (type: string, ...content: readonly (Uint8Array | string)[]): Buffer => {
  const body = Buffer.concat(content.map((part) => (typeof part === 'string' ? Buffer.from(part) : part)))
  return Buffer.concat([uint32(body.length + 8), Buffer.from(type, 'latin1'), body])
}

export const riffChunk = (type: string, content: Uint8Array): Buffer => {
  const head = Buffer.from(`${type}\0\0\0\0`, 'latin1')
  head.writeUInt32LE(content.length, 4)
  return Buffer.concat([head, content, Buffer.alloc(content.length % 2)])
}

/** Puts chunks at the end of a RIFF file, and counts them in its size. */
export const withRiffChunks = (riff: Uint8Array, ...chunks: Buffer[]): Buffer => {
  const whole = Buffer.concat([riff, ...chunks])
  whole.writeUInt32LE(whole.length - 8, 4)
  return whole
}

/** A ZIP archive with one empty entry, as most readers accept it behind anything else. */
export const zipArchive = (): Buffer => {
  const name = Buffer.from('evil.js')
  const local = Buffer.concat([Buffer.from('504b03040a00', 'hex'), Buffer.alloc(24), name])
  local.writeUInt16LE(name.length, 26)
  const central = Buffer.concat([Buffer.from('504b01020a000a00', 'hex'), Buffer.alloc(38), name])
  central.writeUInt16LE(name.length, 28)
  const end = Buffer.concat([Buffer.from('504b0506', 'hex'), Buffer.alloc(18)])
  end.writeUInt16LE(1, 8)
  end.writeUInt16LE(1, 10)
  end.writeUInt32LE(central.length, 12)
  end.writeUInt32LE(local.length, 16)
  return Buffer.concat([local, central, end])
}
