import fc from 'fast-check'
import t from 'tap'
import { UNFIT_REASONS } from '../../src/uploads/images/unfit.js'
import { figure, scaled } from '../support/figures.js'
import { pixelBombs, polyglots, unpackingBombs } from '../support/image-attacks.js'
import { type ImageRun, tryImage } from '../support/image-runs.js'
import { samples } from '../support/images.js'
import { watchRenderers } from '../support/renderers.js'

const MEBIBYTE = 1_048_576
const ROW_28_MS = 1_000
const ROW_28_MEGABYTES = 100
/** A renderer has to start, on a machine that may be busy; its own limit is twice that. */
const RENDERER_LIMIT_MS = 30_000
/** In the short form still more than a renderer may grow to. */
const UNPACKED_MEGABYTES = scaled(250, 500)
const MUTANTS = scaled(6, 300)
const OUTCOMES: readonly string[] = ['ready', ...UNFIT_REASONS]

const slowest = (runs: readonly ImageRun[]): number =>
  Math.max(...runs.map(({ milliseconds }) => milliseconds))

t.test('no polyglot and no pixel bomb gets as far as a decoder', async (t) => {
  const pictures = await samples()
  const attacks = [...pixelBombs(pictures), ...polyglots(pictures)]
  const watch = watchRenderers(t)
  const before = process.memoryUsage.rss()
  const runs: ImageRun[] = []
  let peak = before
  for (const { name, bytes, reason } of attacks) {
    const run = await tryImage(bytes)
    t.equal(run.outcome, reason, name)
    runs.push(run)
    peak = Math.max(peak, process.memoryUsage.rss())
  }
  const grown = (peak - before) / MEBIBYTE
  const accepted = runs.filter(({ outcome }) => outcome === 'ready').length
  figure(
    t,
    `row 28: ${accepted} of ${runs.length} polyglots, wrong types and pixel bombs accepted; slowest refusal ` +
      `${slowest(runs).toFixed(0)} ms; RSS + ${grown.toFixed(1)} MB`,
  )
  t.equal(accepted, 0)
  t.ok(slowest(runs) < ROW_28_MS, 'each within a second')
  t.ok(grown < ROW_28_MEGABYTES, 'memory is flat')
  t.equal(watch.peakMegabytes(), 0, 'no renderer was started for any of them')
})

t.test('what unpacks to more than it claims ends in limits', async (t) => {
  const watch = watchRenderers(t)
  const bombs = unpackingBombs(await samples(), UNPACKED_MEGABYTES * 1_000_000)
  const before = process.memoryUsage.rss()
  const runs: ImageRun[] = []
  for (const { name, bytes } of bombs) {
    const run = await tryImage(bytes)
    t.ok(OUTCOMES.includes(run.outcome), `${name}: ${run.outcome}`)
    runs.push(run)
  }
  const grown = (process.memoryUsage.rss() - before) / MEBIBYTE
  figure(
    t,
    `row 28: ${runs.length} bombs of ${UNPACKED_MEGABYTES} MB for the decoder: slowest ${slowest(runs).toFixed(0)} ms, ` +
      `renderer's peak ${watch.peakMegabytes().toFixed(0)} MB, RSS of who waits + ${grown.toFixed(1)} MB`,
  )
  t.ok(slowest(runs) < RENDERER_LIMIT_MS)
  t.ok(watch.peakMegabytes() < 2 * ROW_28_MEGABYTES, 'a renderer that does nothing has half of it')
  if (process.platform === 'linux') {
    t.match(watch.limits(), /Max data size +1073741824 /)
    t.match(watch.limits(), /Max cpu time +30 /)
  }
})

/** Where in the picture, in ten-thousandths of its length, which byte comes: anywhere, and not at its edges more often. */
const change = fc.tuple(fc.noBias(fc.nat({ max: 9_999 })), fc.nat({ max: 255 }))
const changes = fc.array(change, { minLength: 1, maxLength: 4 })
const types = fc.constantFrom('jpeg', 'png', 'webp', 'avif')

t.test('a picture with changed bytes is a picture or is refused, and nothing else', async (t) => {
  const pictures = await samples({ width: 96, height: 64 })
  const counts: Record<string, number> = {}
  const runs: ImageRun[] = []
  const property = fc.asyncProperty(types, changes, async (type, changed) => {
    const bytes = Buffer.from(pictures[type])
    for (const [place, byte] of changed) bytes[Math.floor((place / 10_000) * bytes.length)] = byte
    const run = await tryImage(bytes)
    counts[run.outcome] = (counts[run.outcome] ?? 0) + 1
    runs.push(run)
    return OUTCOMES.includes(run.outcome)
  })
  await fc.assert(property, { numRuns: MUTANTS })
  figure(
    t,
    `row 28: ${runs.length} pictures with changed bytes: ${JSON.stringify(counts)}, slowest ${slowest(runs).toFixed(0)} ms`,
  )
  t.ok(slowest(runs) < RENDERER_LIMIT_MS)
})
