import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { startProgram } from './stack/spawn.js'
import { ROOT } from './testing/checks.js'

/*
 * Installs and builds the Nest baseline in comparison/nest where that has not been done since it was last changed. It is a
 * project of its own: whoever does not compare pays nothing for its packages.
 */

const FOLDER = join(ROOT, 'comparison', 'nest')
const LIMIT_MS = 600_000

/** When the newest file of these was written, in milliseconds; 0 when there is none. */
const newestOf = (paths: readonly string[]): number =>
  Math.max(0, ...paths.map((path) => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0))

const filesIn = (folder: string): string[] =>
  existsSync(folder) ? readdirSync(folder, { recursive: true }).map((path) => join(folder, String(path))) : []

const npm = async (...args: readonly string[]): Promise<void> => {
  console.log(`npm ${args.join(' ')} in comparison/nest ...`)
  const { child, ended } = await startProgram({
    name: 'npm',
    role: 'app',
    command: 'npm',
    args,
    cwd: FOLDER,
    stdio: ['ignore', 'ignore', 'inherit'],
    detached: false,
    graceMs: 2_000,
    ledger: undefined,
  })
  const timer = setTimeout(() => child.kill('SIGKILL'), LIMIT_MS)
  const { code, text } = await ended
  clearTimeout(timer)
  if (code !== 0) throw new Error(`npm ${args.join(' ')} failed in comparison/nest (${text})`)
}

const lock = newestOf([join(FOLDER, 'package-lock.json')])
if (newestOf([join(FOLDER, 'node_modules', '.package-lock.json')]) < lock) await npm('ci', '--ignore-scripts')
const sources = newestOf([join(FOLDER, 'tsconfig.json'), ...filesIn(join(FOLDER, 'src'))])
if (newestOf(filesIn(join(FOLDER, 'dist'))) < Math.max(lock, sources)) await npm('run', 'build')
