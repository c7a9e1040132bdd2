export const IMAGE_TYPES = ['image/jpeg', 'image/png', 'image/webp', 'image/avif'] as const
export type ImageType = (typeof IMAGE_TYPES)[number]

/** As many of a file's first bytes as `sniffImageType` looks at. */
export const IMAGE_HEAD_BYTES = 64

const startsWith = (head: Uint8Array, bytes: readonly number[], offset = 0): boolean =>
  bytes.every((byte, index) => head[offset + index] === byte)

const textAt = (head: Uint8Array, offset: number, length: number): string =>
  String.fromCharCode(...head.subarray(offset, offset + length))

const JPEG = [0xff, 0xd8, 0xff]
const PNG = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]
const WEBP_CHUNKS: readonly string[] = ['VP8 ', 'VP8L', 'VP8X']

/** `avis` is a sequence, which is refused later with a better reason. */
const AVIF_BRANDS: readonly string[] = ['avif', 'avis']
/** Brands of the container: a file with one of them is an AVIF if it says so further on. */
const CONTAINER_BRANDS: readonly string[] = ['mif1', 'miaf']
const BRAND_BYTES = 4
const COMPATIBLE_OFFSET = 16

const isAvif = (head: Uint8Array): boolean => {
  if (textAt(head, 4, 4) !== 'ftyp') return false
  const major = textAt(head, 8, BRAND_BYTES)
  if (AVIF_BRANDS.includes(major)) return true
  if (!CONTAINER_BRANDS.includes(major)) return false
  const boxEnd = new DataView(head.buffer, head.byteOffset).getUint32(0)
  const end = Math.min(boxEnd, head.length, IMAGE_HEAD_BYTES) - BRAND_BYTES
  for (let at = COMPATIBLE_OFFSET; at <= end; at += BRAND_BYTES)
    if (AVIF_BRANDS.includes(textAt(head, at, BRAND_BYTES))) return true
  return false
}

/**
 * The type that a file's first bytes claim, whatever its name or its Content-Type says; undefined for all that is not
 * accepted. It is a claim: `processImage` finds out.
 */
export const sniffImageType = (head: Uint8Array): ImageType | undefined => {
  if (startsWith(head, JPEG)) return 'image/jpeg'
  if (startsWith(head, PNG) && textAt(head, 12, 4) === 'IHDR') return 'image/png'
  const isRiff = textAt(head, 0, 4) === 'RIFF' && textAt(head, 8, 4) === 'WEBP'
  if (isRiff && WEBP_CHUNKS.includes(textAt(head, 12, 4))) return 'image/webp'
  return isAvif(head) ? 'image/avif' : undefined
}
