import { readFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type BuildOptions, build as bundle, stop } from 'esbuild'
import { isMain } from './is-main.js'
import { StartError } from './stack/start-error.js'

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)))

/**
 * Bundled, where all other packages stay in node_modules: Node parses its 180 KB package.json anew for each of
 * its modules, and on Node 24 the 165 MB of garbage stayed in the process (223 MB against 120). Start time gains
 * little (about 60 ms).
 */
const BUNDLED = 'drizzle-orm'

const { dependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  dependencies: Record<string, string>
}

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
  external: Object.keys(dependencies).filter((name) => name !== BUNDLED),
  sourcemap: 'linked',
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
