import { execFile } from 'node:child_process'
import { cp, mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'

const root = path.resolve(import.meta.dirname, '..')
const ENVIRONMENT_READERS = ['src/server.ts', 'src/migrate.ts', 'src/shared/config.ts', 'workers/worker.ts']

/** Lines that Biome must refuse in an ordinary file of src, with the rule that refuses each. */
const refused = {
  "export const a = container.resolve('orders')": 'no-resolve-by-name',
  "export const b = scope.resolve('orders')": 'no-resolve-by-name',
  'export const c = scope.resolve(`orders`)': 'no-resolve-by-name',
  "export const d = scope.resolve<string>('orders')": 'no-resolve-by-name',
  'export const e = app.container.resolve(scope)': 'no-resolve-by-name',
  'export const f = process.env': 'lint/style/noProcessEnv',
  "export const g = process['env']": 'lint/style/noProcessEnv',
  'export const { HOME } = process.env': 'lint/style/noProcessEnv',
  'export const { env } = process': 'no-environment-alias',
  'export const { argv, env: environment } = process': 'no-environment-alias',
  "export { env as h } from 'node:process'": 'lint/style/noRestrictedImports',
  "import { env as i } from 'process'": 'lint/style/noRestrictedImports',
} as const

const allowed = [
  "export const a = path.resolve('a')",
  "export const b = Promise.resolve('b')",
  "export const c = import.meta.resolve('c')",
  'export const d = deferred.resolve(1)',
  'export const e = container.cradle.orders',
  'export const { argv } = process',
]

/** The real config and its plugins; `lint` turns git off, because a fixture is no repository. */
const copyConfig = async (folder: string) => {
  await cp(path.join(root, 'dev/lint'), path.join(folder, 'dev/lint'), { recursive: true })
  await cp(path.join(root, 'biome.json'), path.join(folder, 'biome.json'))
}

const lint = async (folder: string, files: Readonly<Record<string, readonly string[]>>) => {
  await copyConfig(folder)
  for (const [file, lines] of Object.entries(files)) {
    await mkdir(path.dirname(path.join(folder, file)), { recursive: true })
    await writeFile(path.join(folder, file), `${lines.join('\n')}\n`)
  }
  const bin = path.join(root, 'node_modules/@biomejs/biome/bin/biome')
  const args = [bin, 'lint', '--vcs-enabled=false', '--reporter=github', '--max-diagnostics=200']
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: folder }).catch(
    (failure: { stdout: string }) => failure,
  )
  return stdout.split('\n').filter((line) => line.startsWith('::'))
}

/** What is said about one line of a file; the plugins name themselves in the message. */
const faultsAt = (output: readonly string[], file: string, line: number) =>
  output.filter((text) => text.includes(`${file},line=${line},`))

t.test('containers are not asked by name, and the environment is read in the entry files', async (t) => {
  const lines = Object.keys(refused)
  const output = await lint(t.testdir(), { 'src/orders/orders.service.ts': lines })
  for (const [index, [line, rule]] of Object.entries(refused).entries()) {
    t.match(faultsAt(output, 'src/orders/orders.service.ts', index + 1).join('\n'), rule, line)
  }
})

t.test('ordinary code passes, and so do the readers of the environment', async (t) => {
  const reads = ['export const f = process.env', 'export const { env } = process']
  const readers = [...ENVIRONMENT_READERS, 'dev/start.ts', 'test/support/app.ts']
  const output = await lint(t.testdir(), {
    'src/orders/orders.service.ts': allowed,
    ...Object.fromEntries(readers.map((file) => [file, reads])),
  })
  t.strictSame(
    output.filter((line) => line.startsWith('::error') || line.includes('plugin')),
    [],
  )
})
