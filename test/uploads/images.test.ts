import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import sharp from 'sharp'
import t from 'tap'
import { runRenderer } from '../../src/uploads/images/run-renderer.js'
import {
  type ImageFile,
  processImage,
  type Rendering,
  sniffImageType,
  UnfitImageError,
} from '../../src/uploads/uploads.images.js'
import { box, jpegApp, withSegments } from '../support/image-parts.js'
import { processed, tryImage } from '../support/image-runs.js'
import {
  animatedPng,
  animatedWebp,
  avifWithFacts,
  jpeg,
  jpegWithGps,
  png,
  pngWithFacts,
  SECRETS,
  samples,
  webpWithFacts,
} from '../support/images.js'
import { renderersNow } from '../support/renderers.js'
import { until } from '../support/until.js'

const filesOf = ({ original, variants }: Rendering): readonly ImageFile[] => [
  original,
  ...Object.values(variants),
]
const sizeOf = ({ width, height }: ImageFile) => `${width}x${height}`
const sizes = ({ original, variants: { small, medium, large } }: Rendering) =>
  [original, large, medium, small].map(sizeOf)

/** Red, green and blue at a share of the picture's width and height. */
const colourAt = async ({ path, width, height }: ImageFile, x: number, y: number) => {
  const { data, info } = await sharp(path).raw().toBuffer({ resolveWithObject: true })
  const at = (Math.floor(y * height) * width + Math.floor(x * width)) * info.channels
  return [...data.subarray(at, at + 3)]
}

t.test('the type is known by the first bytes', async (t) => {
  for (const [name, bytes] of Object.entries(await samples()))
    t.equal(sniffImageType(bytes.subarray(0, 64)), `image/${name}`)
  t.equal(sniffImageType(box('ftyp', 'mif1', Buffer.alloc(4), 'mif1avif')), 'image/avif')
  for (const other of [
    box('ftyp', 'mif1', Buffer.alloc(4), 'mif1heic'),
    Buffer.from('GIF89a'),
    Buffer.alloc(0),
  ])
    t.equal(sniffImageType(other), undefined)
  t.equal(sniffImageType(Buffer.from('RIFF\0\0\0\0WAVEfmt ')), undefined)
})

/** Everything in the file that is no picture: what sharp finds, and what only a search finds. */
const factsIn = async ({ path }: ImageFile): Promise<readonly unknown[]> => {
  const { exif, xmp, icc, iptc, comments } = await sharp(path).metadata()
  const text = await readFile(path, 'latin1')
  const words = [...Object.values(SECRETS), 'Exif', '<script>'].filter((word) => text.includes(word))
  return [exif, xmp, icc, iptc, comments, ...words].filter((fact) => fact !== undefined)
}

/** One picture of each type, with all the facts that it can have: rendered once, and looked at from all sides. */
const PICTURES = {
  // Stored lying on its side; this orientation shows it as 2,000 x 1,000 (EXIF 2.32, 4.6.4).
  jpeg: () => jpegWithGps({ orientation: 6, width: 1_000, height: 2_000 }),
  png: () => pngWithFacts({ width: 200, height: 100 }, 'p3'),
  webp: () => webpWithFacts(),
  avif: () => avifWithFacts({ width: 2_600, height: 26 }),
} as const

t.test('a picture of each type', async (t) => {
  const render = async (type: keyof typeof PICTURES) => {
    const bytes = await PICTURES[type]()
    const directory = join(folder, type)
    const path = join(directory, 'upload')
    await mkdir(directory)
    await writeFile(path, bytes)
    return { bytes, rendering: await processImage({ path }, directory, new AbortController().signal) }
  }
  const folder = t.testdir()
  const jpeg = await render('jpeg')
  const png = await render('png')
  const avif = await render('avif')
  const all = [jpeg, png, avif, await render('webp')]

  await t.test('a picture becomes a cleaned original of its type and three variants in WebP', async (t) => {
    t.strictSame(sizes(jpeg.rendering), ['2000x1000', '1600x800', '640x320', '160x80'])
    for (const { path, contentType, bytes, width, height } of filesOf(jpeg.rendering)) {
      const content = await readFile(path)
      t.equal(content.length, bytes)
      t.match(await sharp(content).metadata(), { width, height, mediaType: contentType })
    }
    t.strictSame(
      filesOf(jpeg.rendering).map(({ contentType }) => contentType),
      ['image/jpeg', 'image/webp', 'image/webp', 'image/webp'],
    )
  })

  await t.test('no picture is enlarged', async (t) => {
    t.strictSame(sizes(png.rendering), ['200x100', '200x100', '200x100', '160x80'])
  })

  await t.test('an original that would cost too much to encode is made smaller', async (t) => {
    t.equal(sizeOf(avif.rendering.original), '2560x26')
  })

  await t.test('no file has any metadata left', async (t) => {
    for (const { bytes, rendering } of all) {
      const { exif, xmp, icc, mediaType } = await sharp(bytes).metadata()
      t.equal(rendering.original.contentType, mediaType)
      t.ok(exif && xmp && icc, `${mediaType}: there was some`)
      const left = await Promise.all(filesOf(rendering).map(factsIn))
      t.strictSame(left, [[], [], [], []], `${mediaType}: there is none`)
    }
  })

  await t.test('a picture that was turned is upright', async (t) => {
    // The blue quarter is stored in the upper left, and to be shown in the upper right.
    for (const file of [jpeg.rendering.original, jpeg.rendering.variants.large]) {
      t.equal(file.width, 2 * file.height)
      const [red = 255, , blue = 0] = await colourAt(file, 0.75, 0.25)
      t.ok(blue > 200 && red < 50, `${file.contentType}: the blue quarter is where it belongs`)
    }
  })

  await t.test('colours stay what they were without their profile', async (t) => {
    const { data } = await sharp(png.bytes, { ignoreIcc: true }).raw().toBuffer({ resolveWithObject: true })
    t.not(data.subarray(-4, -1).toString('hex'), 'ff0000', 'the profile matters')
    const [red = 0, green = 255, blue = 255] = await colourAt(png.rendering.original, 0.75, 0.75)
    t.ok(red > 250 && green < 5 && blue < 5, `${red}, ${green}, ${blue}`)
  })
})

t.test('what a phone announces behind its picture is taken, and lost', async (t) => {
  const bytes = await jpeg()
  const announced = Buffer.concat([withSegments(bytes, jpegApp(2, 'MPF\0II*\0')), await jpegWithGps()])
  t.equal(await processed(announced, async ({ original }) => sizeOf(original)), '120x80')
  t.equal((await tryImage(Buffer.concat([announced, Buffer.from('<html>')]))).outcome, 'trailing_data')
})

t.test('a picture that moves is refused', async (t) => {
  const sequence = box('ftyp', 'avis', Buffer.alloc(4), 'avifavis')
  for (const bytes of [await animatedWebp(), await animatedPng(), sequence])
    t.equal((await tryImage(bytes)).outcome, 'animated')
})

t.test('a picture that is not complete is refused', async (t) => {
  for (const [type, bytes] of Object.entries(await samples()))
    for (const length of [bytes.length - 1, Math.floor(bytes.length / 2), 64])
      t.match(
        (await tryImage(bytes.subarray(0, length))).outcome,
        /damaged|trailing_data/,
        `${type}, ${length} bytes`,
      )
})

t.test('a refusal has a reason for programs, and a sentence for people', async (t) => {
  const error: unknown = await processed(Buffer.from('hello'), async () => 'ready').catch((error) => error)
  t.ok(error instanceof UnfitImageError)
  t.match(error, { reason: 'not_an_image', message: 'The file is not a JPEG, PNG, WebP or AVIF picture.' })
})

t.test('only the decoder of the type can run', async (t) => {
  const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'
  const directory = t.testdir()
  const path = join(directory, 'upload')
  for (const bytes of [await png(), svg]) {
    await writeFile(path, bytes)
    const rendering = runRenderer({ path, type: 'image/jpeg', directory }, new AbortController().signal)
    await t.rejects(rendering, { name: 'UnfitImageError', reason: 'type_mismatch' })
  }
})

t.test('a renderer that is late on the clock may only have been kept waiting', async (t) => {
  const directory = t.testdir({ upload: await jpeg() })
  const order = { path: join(directory, 'upload'), type: 'image/jpeg', directory } as const
  await t.rejects(runRenderer(order, new AbortController().signal, { milliseconds: 1, cpuSeconds: 30 }), {
    name: 'UnfitImageError',
    reason: 'took_too_long',
    mayPass: true,
  })
})

t.test(
  'a renderer that has used up its processor time has met a picture that takes too much of it',
  async (t) => {
    const directory = t.testdir({ upload: await png({ width: 6_000, height: 6_000 }) })
    const order = { path: join(directory, 'upload'), type: 'image/png', directory } as const
    await t.rejects(
      runRenderer(order, new AbortController().signal, { milliseconds: 60_000, cpuSeconds: 1 }),
      {
        name: 'UnfitImageError',
        reason: 'took_too_long',
        mayPass: false,
      },
    )
  },
)

t.test('who aborts gets the reason, and nothing runs on', async (t) => {
  // A renderer's start alone takes longer than it takes to see it.
  const directory = t.testdir({ upload: await jpeg({ width: 2_000, height: 2_000 }) })
  const abort = new AbortController()
  const rendering = processImage({ path: join(directory, 'upload') }, directory, abort.signal)
  const rejected = t.rejects(rendering, { message: 'enough' })
  if (process.platform === 'linux')
    await until('the renderer to run', () => renderersNow(directory).length > 0)
  abort.abort(new Error('enough'))
  await rejected
  t.strictSame(renderersNow(directory), [])
})

t.test('what is not the picture’s fault is no refusal', async (t) => {
  const signal = new AbortController().signal
  const directory = t.testdir({ upload: await jpeg() })
  await t.rejects(processImage({ path: join(directory, 'gone') }, directory, signal), { code: 'ENOENT' })
  const nowhere = processImage({ path: join(directory, 'upload') }, join(directory, 'gone'), signal)
  await t.rejects(nowhere, { name: 'Error', message: /ENOENT/ })
})
