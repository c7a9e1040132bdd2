import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, realpathSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import type { Area } from './area.js'
import { npmRun } from './npm-run.js'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const GIT_LIMIT_MS = 60_000
const BUILD_LIMIT_MS = 120_000
const INSTALL_LIMIT_MS = 600_000

const journal = z.object({ entries: z.array(z.object({ tag: z.string() })).min(1) })
const lock = z.object({ packages: z.record(z.string(), z.object({ version: z.string().optional() })) })

/** A built checkout. */
export interface Release {
  /** Where dist/ and migrations/ are. */
  readonly root: string
}

export const THIS_RELEASE: Release = { root: ROOT }

/** What git knows of the release before. */
export interface PreviousRelease {
  readonly commit: string
  /** What this release adds to its tables. */
  readonly migrations: readonly string[]
}

/** @returns undefined when git refuses, as where there is no history */
const git = (root: string, ...args: readonly string[]): string | undefined => {
  try {
    const options = { cwd: root, encoding: 'utf8', timeout: GIT_LIMIT_MS } as const
    return execFileSync('git', args, { ...options, stdio: ['ignore', 'pipe', 'ignore'] }).trim()
  } catch {
    return undefined
  }
}

const tagsOf = (text: string): string[] => journal.parse(JSON.parse(text)).entries.map(({ tag }) => tag)
const JOURNAL = 'migrations/meta/_journal.json'

/**
 * The newest version before the newest migration of this checkout: the last release's tag before the commit that added it, or
 * else the commit before that one. A migration that is not committed yet has the newest commit before it.
 * @returns undefined without a history that reaches so far
 */
export const findPreviousRelease = (root: string = ROOT): PreviousRelease | undefined => {
  const own = tagsOf(readFileSync(join(root, JOURNAL), 'utf8'))
  const added = git(root, 'log', '-1', '--diff-filter=A', '--format=%H', '--', `migrations/${own.at(-1)}.sql`)
  if (added === undefined) return undefined
  const before = added === '' ? 'HEAD' : `${added}^`
  const tag = git(root, 'describe', '--tags', '--abbrev=0', '--match', 'v[0-9]*', before)
  const commit = git(root, 'rev-parse', '--short', '--verify', `${tag ?? before}^{commit}`)
  const theirs = commit && git(root, 'show', `${commit}:${JOURNAL}`)
  if (!commit || !theirs) return undefined
  const known = tagsOf(theirs)
  return { commit, migrations: own.filter((name) => !known.includes(name)) }
}

const packagesIn = (root: string) =>
  lock.parse(JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'))).packages

/** Whether all that a checkout is made with is installed here, in the same versions; more does no harm. */
const canShareModules = (root: string): boolean => {
  const here = packagesIn(ROOT)
  return Object.entries(packagesIn(root)).every(
    ([path, { version }]) => path === '' || (path in here && here[path]?.version === version),
  )
}

const run = (command: string, args: readonly string[], cwd: string): void =>
  void execFileSync(command, args, { cwd, timeout: GIT_LIMIT_MS, stdio: ['ignore', 'ignore', 'inherit'] })

/** Exports and builds it in a folder of the area. @throws Error when that fails */
export const buildRelease = async ({ dir, ledger }: Area, { commit }: PreviousRelease): Promise<Release> => {
  const root = join(dir, 'previous')
  mkdirSync(root)
  const archive = join(dir, 'previous.tar')
  run('git', ['archive', '--format=tar', '-o', archive, commit], ROOT)
  run('tar', ['-x', '-f', archive], root)
  // What concerns this checkout's history must not be taken for the other's.
  const { GIT_DIR: _history, ...env } = process.env
  const common = { cwd: root, env, ledger }
  if (canShareModules(root)) symlinkSync(realpathSync(join(ROOT, 'node_modules')), join(root, 'node_modules'))
  else await npmRun({ ...common, args: ['ci', '--no-audit', '--no-fund'], limitMs: INSTALL_LIMIT_MS })
  await npmRun({ ...common, args: ['run', '-s', 'build'], limitMs: BUILD_LIMIT_MS })
  return { root }
}
