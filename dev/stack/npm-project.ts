import { existsSync, readdirSync, statSync } from 'node:fs'
import { basename, join } from 'node:path'
import { startProgram } from './spawn.js'

/*
 * The projects below comparison/ have packages of their own: whoever does not compare pays nothing for them.
 */

const LIMIT_MS = 600_000

/** When the newest file of these was written, in milliseconds; 0 when there is none. */
export const newestOf = (paths: readonly string[]): number =>
  Math.max(0, ...paths.map((path) => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0))

export const filesIn = (folder: string): string[] =>
  existsSync(folder) ? readdirSync(folder, { recursive: true }).map((path) => join(folder, String(path))) : []

/** Runs npm in a project's folder. Rejects when it fails; it has printed why by then. */
export const runNpm = async (folder: string, ...args: readonly string[]): Promise<void> => {
  const what = `npm ${args.join(' ')}`
  console.log(`${what} in comparison/${basename(folder)} ...`)
  const { child, ended } = await startProgram({
    name: 'npm',
    role: 'app',
    command: 'npm',
    args,
    cwd: folder,
    stdio: ['ignore', 'ignore', 'inherit'],
    detached: false,
    graceMs: 2_000,
    ledger: undefined,
  })
  const timer = setTimeout(() => child.kill('SIGKILL'), LIMIT_MS)
  const { code, text } = await ended
  clearTimeout(timer)
  if (code !== 0) throw new Error(`${what} failed in ${folder} (${text})`)
}

/** Installs a project's packages unless its lockfile's are there. @returns when the lockfile was written */
export const installPackages = async (folder: string): Promise<number> => {
  const lock = newestOf([join(folder, 'package-lock.json')])
  if (newestOf([join(folder, 'node_modules', '.package-lock.json')]) < lock) {
    await runNpm(folder, 'ci', '--ignore-scripts')
  }
  return lock
}
