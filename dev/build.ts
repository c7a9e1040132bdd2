import { rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type BuildOptions, build as bundle, stop } from 'esbuild'
import { isMain } from './is-main.js'
import { ownSourceMaps } from './own-source-maps.js'
import { StartError } from './stack/start-error.js'

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)))

/**
 * Packages that stay in node_modules, for they are compiled for one machine, find files of their own beside their
 * code, or are loaded by few. All others are bundled: to find, read and compile their eight hundred files was a
 * third of a program's start.
 */
export const UNBUNDLED: readonly string[] = [
  ...['@node-rs/argon2', 'sharp'],
  ...['@bull-board/api', '@bull-board/fastify', '@fastify/swagger-ui', 'pino'],
  // It imports a CommonJS package when it starts, of which a bundle in parts gives it the default export alone.
  '@fastify/cookie',
  '@aws-sdk/client-s3',
  // Their own api is not among them: the metrics' package needs a part of it in any case.
  ...['@opentelemetry/sdk-trace', '@opentelemetry/resources', '@opentelemetry/exporter-trace-otlp-http'],
]

/** What is bundled was written for CommonJS in part, and calls what only that has. */
export const COMMONJS_GLOBALS = [
  "import { createRequire as createRequireOfBundle } from 'node:module'",
  'const require = createRequireOfBundle(import.meta.url)',
  'const { dirname: __dirname, filename: __filename } = import.meta',
].join(';')

/** Started by a worker, for one picture each; not a command of the image. */
const RENDERER = 'src/uploads/images/renderer.ts'

/** For each program; `outdir` is where it goes. */
export const BUNDLE_OPTIONS: BuildOptions = {
  absWorkingDir: ROOT,
  entryPoints: ['src/server.ts', 'src/migrate.ts', 'workers/worker.ts', RENDERER],
  entryNames: '[name]',
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  external: [...UNBUNDLED],
  banner: { js: COMMONJS_GLOBALS },
  sourcemap: 'linked',
  // A stack trace names files and lines. Each process reads its map when it starts, and the sources are most of it.
  sourcesContent: false,
  plugins: [ownSourceMaps],
  // Names stay as they are. Comments were a third of the text that each process holds, and one sign in them that is not ASCII
  // has Node hold all of it at twice its size: what has to be said of licences lies beside it. The lines are for stack traces.
  legalComments: 'linked',
  minifyWhitespace: true,
  lineLimit: 160,
  logLevel: 'warning',
}

/**
 * Bundles the programs into an emptied dist/, each for plain `node`: server.js, worker.js and migrate.js, and
 * renderer.js, which a worker starts.
 * Rejects with a StartError when one does not compile; esbuild has printed why by then.
 */
export const build = async (): Promise<void> => {
  const outdir = join(ROOT, 'dist')
  await rm(outdir, { recursive: true, force: true })
  await bundle({ ...BUNDLE_OPTIONS, outdir }).catch((cause) => {
    throw new StartError('The build failed, see above', { cause })
  })
  // esbuild's own process would live as long as a launcher that builds and then runs for days.
  await stop()
}

if (isMain(import.meta.url)) {
  await build().catch(() => {
    process.exitCode = 1
  })
}
