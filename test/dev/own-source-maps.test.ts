import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import t from 'tap'
import { ownSourceMaps } from '../../dev/own-source-maps.js'

const LIMIT_MS = 20_000

const FILES = {
  node_modules: {
    thrower: {
      'package.json': '{"name": "thrower", "type": "module", "main": "index.js"}',
      'index.js':
        'export const carry = (work) => work()\nexport const fail = () => {\n  throw new Error("of a package")\n}\n',
    },
  },
  'own.ts': `import { carry, fail } from 'thrower'
type Nothing = undefined

const mine = (): Nothing => {
  throw new Error('of ours')
}
for (const work of [mine, fail]) {
  try {
    carry(work)
  } catch (error) {
    process.stdout.write((error as Error).stack + '\\n')
  }
}
`,
}

const runBundle = async (dir: string): Promise<string> => {
  const entry = { entryPoints: ['own.ts'], outfile: 'bundle.mjs', absWorkingDir: dir }
  await build({ ...entry, bundle: true, format: 'esm', sourcemap: 'linked', plugins: [ownSourceMaps] })
  const program = ['--enable-source-maps', join(dir, 'bundle.mjs')]
  return (await promisify(execFile)(process.execPath, program, { timeout: LIMIT_MS })).stdout
}

t.test('a stack trace names our files, and the bundle for what is a package’s', async (t) => {
  const dir = t.testdir(FILES)
  const [, ours = '', packages = ''] = (await runBundle(dir)).split('Error: ')
  t.match(ours, /mine \(.*own\.ts:5:9\)/)
  t.match(ours, /carry \(.*bundle\.mjs:\d+/, 'not the file of ours that stands before it')
  t.match(packages, /fail \(.*bundle\.mjs:\d+/)
  t.match(packages, /own\.ts:9/, 'who called it')
})

t.test('a process need not hold in memory where the code of packages was', async (t) => {
  const dir = t.testdir(FILES)
  await runBundle(dir)
  const map = readFileSync(join(dir, 'bundle.mjs.map'), 'utf8')
  t.strictSame(JSON.parse(map).sources, ['own.ts'])
})
