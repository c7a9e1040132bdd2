import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import sharp, { type OutputInfo, type Sharp, type SharpOptions } from 'sharp'
import { MAX_PIXELS, ORIGINAL_SIDE, RENDER_LIMITS, VARIANT_SIDES } from './limits.js'
import type { ImageFile, Rendering, RenderOrder } from './rendering.js'
import type { ImageType } from './sniff.js'
import { UnfitImageError, type UnfitReason } from './unfit.js'

/** libvips' decoders of files, by type. */
const DECODERS: Readonly<Record<ImageType, string>> = {
  'image/jpeg': 'VipsForeignLoadJpegFile',
  'image/png': 'VipsForeignLoadPngFile',
  'image/webp': 'VipsForeignLoadWebpFile',
  'image/avif': 'VipsForeignLoadHeifFile',
}

/** The rest of the file's own format: quality enough to be made smaller again, at little cost. */
const ENCODE_ORIGINAL: Readonly<Record<ImageType, (image: Sharp) => Sharp>> = {
  // Optimised Huffman tables would want the whole picture in memory.
  'image/jpeg': (image) => image.jpeg({ quality: 90, optimiseCoding: false }),
  'image/png': (image) => image.png({ compressionLevel: 6 }),
  'image/webp': (image) => image.webp({ quality: 90, effort: 2 }),
  'image/avif': (image) => image.avif({ quality: 65, effort: 0 }),
}

const TIMEOUT = { seconds: RENDER_LIMITS.milliseconds / 1_000 }

/** In order: what sharp and libvips say, and what it means. They have no codes. */
const MEANINGS: readonly (readonly [RegExp, UnfitReason])[] = [
  [/pixel limit|image dimension|too large/i, 'too_many_pixels'],
  [/unsupported image format/i, 'type_mismatch'],
  [/^timeout/i, 'took_too_long'],
  [/out of memory|memory allocation|unable to allocate/i, 'undecodable'],
]

/** Decoding and encoding happen in memory, so what fails here fails because of the picture, and not of a disk. */
const blamePicture = <T>(work: Promise<T>): Promise<T> =>
  work.catch((cause: unknown) => {
    const text = cause instanceof Error ? cause.message : ''
    const [, reason = 'damaged'] = MEANINGS.find(([pattern]) => pattern.test(text)) ?? []
    throw new UnfitImageError(reason, { cause })
  })

const fitInside = (image: Sharp, side: number): Sharp =>
  image.resize(side, side, { fit: 'inside', withoutEnlargement: true }).timeout(TIMEOUT)

const write = async (
  path: string,
  contentType: ImageType,
  { data, info }: { data: Buffer; info: OutputInfo },
): Promise<ImageFile> => {
  await writeFile(path, data)
  return { path, contentType, bytes: data.length, width: info.width, height: info.height }
}

/** What the decoder itself makes of the header; none of the pixels is decoded yet. */
const checkHeader = async (path: string, type: ImageType, options: SharpOptions): Promise<void> => {
  const header = await blamePicture(sharp(path, { ...options, limitInputPixels: false }).metadata())
  if (header.mediaType !== type) throw new UnfitImageError('type_mismatch')
  if ((header.pages ?? 1) > 1) throw new UnfitImageError('animated')
  if (header.width * header.height > MAX_PIXELS[type]) throw new UnfitImageError('too_many_pixels')
}

/**
 * Writes the cleaned original and its variants. sharp keeps no metadata unless it is told to, and converts to sRGB
 * by the colour profile before it drops that.
 *
 * For a process that does this once: the limits that it sets are libvips' own, and so the process'.
 * @throws UnfitImageError; any other error is not the picture's fault
 */
export const render = async ({ path, type, directory }: RenderOrder): Promise<Rendering> => {
  sharp.cache(false)
  sharp.concurrency(1)
  sharp.block({ operation: ['VipsForeignLoad'] })
  sharp.unblock({ operation: [DECODERS[type]] })
  const options: SharpOptions = {
    limitInputPixels: MAX_PIXELS[type],
    sequentialRead: true,
    failOn: 'warning',
    autoOrient: true,
  }
  await checkHeader(path, type, options)

  const resized = fitInside(sharp(path, options), VARIANT_SIDES.large).toColourspace('srgb').raw()
  // At most 10 MB. The variants are made of this one: the file is decoded twice and not four times.
  const { data, info } = await blamePicture(resized.toBuffer({ resolveWithObject: true }))
  const raw = { width: info.width, height: info.height, channels: info.channels }
  const writeVariant = async (name: keyof typeof VARIANT_SIDES): Promise<ImageFile> => {
    const image = fitInside(sharp(data, { raw }), VARIANT_SIDES[name]).webp({ quality: 80 })
    const encoded = await blamePicture(image.toBuffer({ resolveWithObject: true }))
    return write(join(directory, `${name}.webp`), 'image/webp', encoded)
  }
  const large = await writeVariant('large')
  const medium = await writeVariant('medium')
  const small = await writeVariant('small')

  const original = ENCODE_ORIGINAL[type](fitInside(sharp(path, options), ORIGINAL_SIDE[type]))
  const encoded = await blamePicture(original.toBuffer({ resolveWithObject: true }))
  const file = join(directory, `original.${type.slice('image/'.length)}`)
  return { original: await write(file, type, encoded), variants: { small, medium, large } }
}
