import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { build as bundle, type Plugin, stop } from 'esbuild'
import { prepareBaseline } from '../../dev/baseline.js'
import { BUNDLE_OPTIONS, build } from '../../dev/build.js'
import { ROOT } from '../../dev/testing/checks.js'
import type { CandidateId } from './results.js'

const OUT = join(ROOT, 'comparison', 'bench', 'dist')
const VARIANTS = join(ROOT, 'comparison', 'bench', 'variants')

/** The built file that a candidate's API starts from. */
export const API_PROGRAMS: Readonly<Record<CandidateId, string>> = {
  ours: join(ROOT, 'dist', 'server.js'),
  'ours-without-outbox': join(OUT, 'without-outbox', 'server.js'),
  'nest-express': join(ROOT, 'comparison', 'nest', 'dist', 'main.js'),
  'nest-fastify': join(ROOT, 'comparison', 'nest', 'dist', 'main.js'),
  raw: join(OUT, 'raw', 'server.js'),
}

/** The same for the workers, of those that have one. */
export const WORKER_PROGRAMS = {
  ours: join(ROOT, 'dist', 'worker.js'),
  'nest-express': join(ROOT, 'comparison', 'nest', 'dist', 'worker.js'),
} as const satisfies Partial<Record<CandidateId, string>>

/** Puts our own variant in the place of the module that it varies. */
const withVariant: Plugin = {
  name: 'variant',
  setup: ({ onResolve, onEnd }) => {
    let replaced = 0
    onResolve({ filter: /\/queue\/producer\.js$/ }, () => {
      replaced += 1
      return { path: join(VARIANTS, 'producer.ts') }
    })
    onEnd(() => {
      if (replaced === 0) throw new Error('the variant took nobody’s place: ours would be measured twice')
    })
  },
}

/** Ours as far as a layer, see layers/server.ts. */
export const LAYERS_PROGRAM = join(OUT, 'layers', 'server.js')

/** Ours once more, with a source map that knows the packages: what is served leaves them out. */
export const PROFILED = join(OUT, 'profiled', 'server.js')

/** Builds every candidate where needed. */
export const buildAll = async (): Promise<void> => {
  await prepareBaseline()
  await build()
  await rm(OUT, { recursive: true, force: true })
  for (const part of ['raw', 'layers']) {
    const entryPoints = [`comparison/bench/${part}/server.ts`]
    await bundle({ ...BUNDLE_OPTIONS, entryPoints, outdir: join(OUT, part) })
  }
  await bundle({
    ...BUNDLE_OPTIONS,
    entryPoints: ['src/server.ts'],
    outdir: join(OUT, 'without-outbox'),
    plugins: [...(BUNDLE_OPTIONS.plugins ?? []), withVariant],
  })
  await bundle({
    ...BUNDLE_OPTIONS,
    entryPoints: ['src/server.ts'],
    outdir: join(OUT, 'profiled'),
    plugins: [],
  })
  await stop()
}
