import { execFile } from 'node:child_process'
import { cp, mkdir, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import path from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { allowedImports, forbiddenImports, type PlantedImport } from './support/planted-imports.js'

const require = createRequire(import.meta.url)
const root = path.resolve(import.meta.dirname, '..')
const configFile = path.join(root, '.dependency-cruiser.cjs')
const FOLDERS = ['src', 'workers', 'test', 'dev', 'migrations', 'comparison']

interface Violation {
  readonly from: string
  readonly to: string
  readonly rule: { readonly name: string }
}

const config: { forbidden: readonly { name: string; comment: string; severity: string }[] } = require(
  configFile,
)

const parse = (planted: PlantedImport) => {
  const [from = '', arrow = '', to = from] = planted.split(' ')
  return { from, arrow, to }
}

const isFile = (target: string) => FOLDERS.includes(target.split('/')[0] ?? '')

const specifierOf = (from: string, to: string) => {
  if (!isFile(to)) return to
  const relative = path.posix.relative(path.posix.dirname(from), to).replace(/\.ts$/, '.js')
  return relative.startsWith('.') ? relative : `./${relative}`
}

/** What each file of the tree consists of: an export of its own, and its planted imports. */
const sourcesOf = (imports: readonly PlantedImport[]) => {
  const sources = new Map<string, string>()
  const append = (file: string, text: string) =>
    sources.set(file, `${sources.get(file) ?? 'export type T = 1\nexport const v = 1\n'}${text}`)
  imports.map(parse).forEach(({ from, arrow, to }, index) => {
    if (isFile(to)) append(to, '')
    if (arrow === '->') append(from, `export { v as v${index} } from '${specifierOf(from, to)}'\n`)
    if (arrow === '~>') append(from, `export type { T as T${index} } from '${specifierOf(from, to)}'\n`)
  })
  return sources
}

const plant = async (folder: string, imports: readonly PlantedImport[]) => {
  for (const [file, text] of sourcesOf(imports)) {
    await mkdir(path.dirname(path.join(folder, file)), { recursive: true })
    await writeFile(path.join(folder, file), text)
  }
  for (const file of ['package.json', 'tsconfig.json'])
    await cp(path.join(root, file), path.join(folder, file))
}

const cruise = async (folder: string): Promise<readonly Violation[]> => {
  const bin = path.join(root, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs')
  const args = [bin, '--config', configFile, '--output-type', 'json', 'src', 'workers', 'test', 'dev']
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: folder, maxBuffer: 64e6 })
  return JSON.parse(stdout).summary.violations
}

const isAbout = (planted: PlantedImport, violation: Violation) => {
  const { from, to } = parse(planted)
  const ends = [violation.from, violation.to]
  if (ends[0] === from) return ends[1] === to || violation.to.includes(`node_modules/${to}/`)
  // A cycle is reported from one of its ends only.
  return ends[0] === to && ends[1] === from
}

t.test('every rule has planted violations, a reason, and fails the run', async (t) => {
  t.strictSame(config.forbidden.map(({ name }) => name).sort(), Object.keys(forbiddenImports).sort())
  for (const { name, comment, severity } of config.forbidden) {
    t.ok(comment.length > 20, `${name} says why`)
    t.equal(severity, 'error', `${name} is an error`)
    t.not(forbiddenImports[name]?.length, 0, `${name} is planted`)
  }
})

t.test('what is allowed is not reported', async (t) => {
  const folder = t.testdir()
  await plant(folder, allowedImports)
  t.strictSame(await cruise(folder), [])
})

t.test('each planted violation is reported, under its own rule only', async (t) => {
  const folder = t.testdir()
  const planted = Object.values(forbiddenImports).flat()
  await plant(folder, planted)
  const violations = await cruise(folder)
  // Nearly every planted file is dead too; that rule is asserted below on a file that is nothing else.
  const unexpected = violations.filter(
    (violation) => violation.rule.name !== 'no-dead-files' && !planted.some((one) => isAbout(one, violation)),
  )
  t.strictSame(unexpected, [], 'nothing else is reported')
  for (const [rule, imports] of Object.entries(forbiddenImports)) {
    for (const one of imports) {
      const reported = violations.filter((violation) => isAbout(one, violation))
      t.strictSame([...new Set(reported.map(({ rule }) => rule.name))], [rule], one)
    }
  }
})
