import { rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type BuildOptions, build as bundle, stop } from 'esbuild'
import { isMain } from './is-main.js'
import { StartError } from './stack/start-error.js'

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)))

const OPTIONS: BuildOptions = {
  absWorkingDir: ROOT,
  entryPoints: ['src/server.ts', 'src/migrate.ts', 'workers/worker.ts'],
  entryNames: '[name]',
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  packages: 'external',
  sourcemap: 'linked',
  logLevel: 'warning',
}

/**
 * Bundles the three programs into an emptied dist/: server.js, worker.js and migrate.js, each for plain `node`.
 * Packages stay outside, in node_modules. Rejects with a StartError when one does not compile; esbuild has printed why by then.
 */
export const build = async (): Promise<void> => {
  const outdir = join(ROOT, 'dist')
  await rm(outdir, { recursive: true, force: true })
  await bundle({ ...OPTIONS, outdir }).catch((cause) => {
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
