import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { StartError } from '../stack/start-error.js'
import { ROOT } from './checks.js'

const PLANTED_LEAKS = 'test/security/planted-leaks.test.ts'
/**
 * Not bundled, since it puts modules in place of others: tsx loads each module from its source. In the short form it
 * skips itself, and is one of many for which nothing more is started.
 */
export const FROM_SOURCE: ReadonlySet<string> = new Set(
  process.env['TEST_LONG'] === '1' ? [PLANTED_LEAKS] : [],
)
/**
 * They wait for time-outs that nothing shortens, for twenty seconds and more, and need little of a core meanwhile: they take
 * nobody's place, and begin first.
 */
export const BESIDE: ReadonlySet<string> = new Set([
  'test/realtime/fleet.test.ts',
  'test/realtime/outages.test.ts',
  'test/shared/http/slow-bodies.test.ts',
  'test/shared/locks.test.ts',
  'test/workers/dead-connections.test.ts',
])
/**
 * Each test file in a process of its own spends more time on loading the service than on testing it. So they share
 * some, each in a world of its own, but for those that replace modules or the clock, count on answers within half a
 * second, or run their tests side by side, mostly waiting.
 */
const ALONE: ReadonlySet<string> = new Set([
  ...FROM_SOURCE,
  ...BESIDE,
  'test/boundaries.test.ts',
  'test/chaos/jobs-survive.test.ts',
  'test/mail/smtp.test.ts',
  'test/migrations.test.ts',
  'test/readme.test.ts',
  'test/security/revocation-without-postgres.test.ts',
  'test/sessions/session-watch.test.ts',
  'test/shared/http/handler-deadline.test.ts',
  'test/shared/pod-limiter.test.ts',
  'test/shared/relay-loop.test.ts',
  'test/shutdown.test.ts',
  'test/start.test.ts',
])
const GROUPS = 6
const DIRECTORY = join(ROOT, '.tap', 'groups')
/**
 * They take the longest: begun last, they would keep the run waiting with one process at work. The first two run
 * beside the type check, and do not count milliseconds.
 */
const FIRST = [
  ...FROM_SOURCE,
  'test/readme.test.ts',
  'test/chaos/jobs-survive.test.ts',
  'test/shutdown.test.ts',
  'test/security/revocation-without-postgres.test.ts',
]

const testFilesIn = (folder: string): string[] =>
  readdirSync(join(ROOT, folder), { recursive: true })
    .map((path) => `${folder}/${String(path).replaceAll('\\', '/')}`)
    .filter((path) => path.endsWith('.test.ts'))
    .sort()

/** Of those that share a process one that runs its tests side by side would have the others' run so, too. */
const requireInTurn = (file: string): string => {
  if (!/^t\.jobs = /m.test(readFileSync(join(ROOT, file), 'utf8'))) return file
  throw new StartError(`${file} sets t.jobs: it must be among ALONE in dev/testing/groups.ts`)
}

/** Writes a file that imports its share of the shared test files. */
const writeGroup = (shared: readonly string[], group: number): string => {
  const imports = shared
    .filter((_file, index) => index % GROUPS === group)
    .map((file) => `import '${relative(DIRECTORY, join(ROOT, file))}'\n`)
  const path = join(DIRECTORY, `group-${group + 1}.test.ts`)
  writeFileSync(path, imports.join(''))
  return relative(ROOT, path)
}

/** All tests as files to run in a process each: those that import the groups, and the test files that run alone. */
export const allTests = (): string[] => {
  rmSync(DIRECTORY, { recursive: true, force: true })
  mkdirSync(DIRECTORY, { recursive: true })
  const files = testFilesIn('test')
  const shared = files.filter((file) => !ALONE.has(file)).map(requireInTurn)
  const groups = Array.from({ length: GROUPS }, (_, group) => writeGroup(shared, group))
  return [...new Set([...FIRST, ...groups, ...ALONE])]
}

/** The named test files and those in the named folders. Throws a StartError on a name that leads to none. */
export const namedTests = (names: readonly string[]): string[] => {
  const files = names.flatMap((name) => {
    const path = relative(ROOT, join(process.cwd(), name)).replaceAll('\\', '/')
    const stat = statSync(join(ROOT, path), { throwIfNoEntry: false })
    const found = stat?.isDirectory() ? testFilesIn(path) : stat ? [path] : []
    if (found.length === 0) throw new StartError(`No test files: ${name}`)
    return found
  })
  return [...new Set(files)]
}
