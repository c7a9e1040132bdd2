import { readFileSync } from 'node:fs'
import { readFile, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build, type Plugin, stop } from 'esbuild'
import { COMMONJS_GLOBALS, UNBUNDLED } from '../build.js'
import { StartError } from '../stack/start-error.js'
import { ROOT } from './checks.js'
import { FROM_SOURCE } from './groups.js'

/*
 * Of the five seconds that a process with tsx and tap's import hooks needs to load the service, four go into those.
 * So all test files are bundled at once, into files that plain node runs, with the shared parts in files of their own.
 */

const DIRECTORY = join(ROOT, '.tap', 'bundles')

/** The tests' own packages are left as they are; the service's are bundled as in production's build. */
const unbundled = (): string[] => {
  const { devDependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
  return [...UNBUNDLED, ...Object.keys(devDependencies)]
}

/** A module goes on to know where its source is. */
const keepLocations: Plugin = {
  name: 'keep-locations',
  setup: ({ onLoad }) => {
    onLoad({ filter: /\.ts$/ }, async ({ path }) => {
      const source = await readFile(path, 'utf8')
      const contents = source
        .replaceAll('import.meta.url', JSON.stringify(pathToFileURL(path).href))
        .replaceAll('import.meta.dirname', JSON.stringify(dirname(path)))
      return { contents, loader: 'ts' }
    })
  },
}

/** Bundles the test files. Rejects with a StartError when one does not compile; esbuild has printed why by then. */
export const bundleTests = async (files: readonly string[]): Promise<void> => {
  await rm(DIRECTORY, { recursive: true, force: true })
  await build({
    absWorkingDir: ROOT,
    entryPoints: files.filter((file) => !FROM_SOURCE.has(file)),
    outbase: ROOT,
    outdir: DIRECTORY,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    external: unbundled(),
    banner: { js: COMMONJS_GLOBALS },
    sourcemap: 'linked',
    sourcesContent: false,
    plugins: [keepLocations],
    logLevel: 'warning',
  }).catch((cause) => {
    throw new StartError('The tests do not compile, see above', { cause })
  })
  await stop()
}

/** What node is to be given to run a test file. The hooks of t.mockImport belong to tap. */
export const argumentsFor = (file: string): string[] =>
  FROM_SOURCE.has(file)
    ? ['--enable-source-maps', '--import=@tapjs/mock/import', '--import=tsx', file]
    : ['--enable-source-maps', join(DIRECTORY, file.replace(/\.ts$/, '.mjs'))]
