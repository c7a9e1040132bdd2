import sharp, { type Sharp } from 'sharp'
import type { Samples } from './image-attacks.js'
import { jpegApp, jpegComment, pngChunk, withChunks, withSegments } from './image-parts.js'

export { pixelBomb, pixelBombs, polyglots } from './image-attacks.js'

export interface PictureOptions {
  readonly width?: number
  readonly height?: number
}

/** What must be in no file that we give out. */
export const SECRETS = {
  comment: 'SECRET-COMMENT',
  artist: 'SECRET-ARTIST',
  xmp: 'SECRET-XMP',
  iptc: 'SECRET-IPTC',
  text: 'SECRET-TEXT',
} as const

/** Red, but for a blue quarter in the upper left corner: one sees how it is turned. */
const picture = ({ width = 120, height = 80 }: PictureOptions = {}): Sharp => {
  const size = { width: Math.ceil(width / 2), height: Math.ceil(height / 2), channels: 3 as const }
  const corner = { create: { ...size, background: '#0000ff' } }
  return sharp({ create: { width, height, channels: 3, background: '#ff0000' } }).composite([
    { input: corner, left: 0, top: 0 },
  ])
}

const xmp = `<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">${SECRETS.xmp}</x:xmpmeta>`

/** With a position, an author and an orientation (1 to 8). */
const withFacts = (image: Sharp, orientation = 1): Sharp =>
  image
    .withMetadata({ orientation })
    .withExifMerge({
      IFD0: { Artist: SECRETS.artist, Copyright: SECRETS.artist },
      IFD3: {
        GPSLatitudeRef: 'N',
        GPSLatitude: '51/1 28/1 40/1',
        GPSLongitudeRef: 'W',
        GPSLongitude: '0/1 0/1 5/1',
      },
    })
    .withXmp(xmp)

export const jpeg = (options?: PictureOptions): Promise<Buffer> => picture(options).jpeg().toBuffer()
export const png = (options?: PictureOptions): Promise<Buffer> => picture(options).png().toBuffer()
export const webp = (options?: PictureOptions): Promise<Buffer> => picture(options).webp().toBuffer()
export const avif = (options?: PictureOptions): Promise<Buffer> =>
  picture(options).avif({ effort: 0 }).toBuffer()

/** As a phone writes it, and more: EXIF with a position, XMP, IPTC, and a comment. */
export const jpegWithGps = async ({
  orientation = 1,
  ...size
}: PictureOptions & { readonly orientation?: number } = {}): Promise<Buffer> => {
  const bytes = await withFacts(picture(size), orientation).jpeg().toBuffer()
  const iptc = Buffer.from(
    `Photoshop 3.0\x008BIM\x04\x04\0\0\0\0\0\x13\x1c\x02\x78\0\x0e${SECRETS.iptc}`,
    'latin1',
  )
  return withSegments(bytes, jpegApp(13, iptc), jpegComment(`<script>${SECRETS.comment}</script>`))
}

/** In the colours of the profile: other than sRGB, its numbers mean other colours. */
export const pngWithFacts = async (
  size?: PictureOptions,
  profile: 'srgb' | 'p3' = 'srgb',
): Promise<Buffer> => {
  const bytes = await withFacts(picture(size)).withIccProfile(profile).png().toBuffer()
  return withChunks(bytes, pngChunk('tEXt', `Comment\0${SECRETS.text}`))
}
export const webpWithFacts = (size?: PictureOptions): Promise<Buffer> =>
  withFacts(picture(size)).webp().toBuffer()
export const avifWithFacts = (size?: PictureOptions): Promise<Buffer> =>
  withFacts(picture(size)).avif({ effort: 0 }).toBuffer()

/** Two frames that differ. */
export const animatedWebp = (): Promise<Buffer> => {
  const side = 16
  const frames = Buffer.alloc(side * side * 2 * 3, 'ff0000', 'hex').fill('00ff00', side * side * 3, 'hex')
  const raw = { width: side, height: side * 2, channels: 3 as const, pageHeight: side }
  return sharp(frames, { raw }).webp().toBuffer()
}

/** A PNG with the chunk that announces an animation. */
export const animatedPng = async (): Promise<Buffer> =>
  withChunks(await png(), pngChunk('acTL', Buffer.from('0000000200000000', 'hex')))

/** One complete picture of each type. */
export const samples = async (size?: PictureOptions): Promise<Samples> => ({
  jpeg: await jpeg(size),
  png: await png(size),
  webp: await webp(size),
  avif: await avif(size),
})
