import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { ROOT } from './checks.js'

/**
 * Each test file in a process of its own spends more time on loading the service than on testing it. The files of
 * these folders get along in one process: each works in a world of its own, and none replaces a module.
 */
const SHARED_FOLDERS = ['auth', 'orders', 'products', 'security', 'sessions', 'shared/http', 'users']
/** Those that do replace a module or the clock, or count on answers within half a second. */
const ALONE = new Set([
  'test/security/access-matrix.test.ts',
  'test/sessions/session-watch.test.ts',
  'test/shared/http/access.test.ts',
  'test/shared/http/handler-deadline.test.ts',
])
const GROUPS = 6
const DIRECTORY = join(ROOT, '.tap', 'groups')

const testFiles = (): string[] =>
  readdirSync(join(ROOT, 'test'), { recursive: true })
    .map((path) => `test/${String(path).replaceAll('\\', '/')}`)
    .filter((path) => path.endsWith('.test.ts'))
    .sort()

const isShared = (path: string): boolean =>
  !ALONE.has(path) && SHARED_FOLDERS.some((folder) => new RegExp(`^test/${folder}/[^/]+$`).test(path))

/** Writes the files that import the groups, and lists them beside the test files that run alone. */
export const writeGroups = (): string[] => {
  rmSync(DIRECTORY, { recursive: true, force: true })
  mkdirSync(DIRECTORY, { recursive: true })
  const files = testFiles()
  const shared = files.filter(isShared)
  const groups = Array.from({ length: GROUPS }, (_, group) => {
    const imports = shared
      .filter((_file, index) => index % GROUPS === group)
      .map((file) => `import '${relative(DIRECTORY, join(ROOT, file))}'\n`)
    const path = join(DIRECTORY, `group-${group + 1}.test.ts`)
    writeFileSync(path, imports.join(''))
    return relative(ROOT, path)
  })
  return [...groups, ...files.filter((file) => !isShared(file))]
}
