import { execFile } from 'node:child_process'
import { copyFileSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { readArguments } from '../../comparison/bench/arguments.js'
import { layersPage } from '../../comparison/bench/layers/page.js'
import { layerResults } from '../../comparison/bench/layers/results.js'
import { scalePage } from '../../comparison/bench/scale/page.js'
import { scaleResults } from '../../comparison/bench/scale/results.js'
import { readArguments as readShortArguments } from '../../comparison/bench/short-run.js'

const ROOT = join(import.meta.dirname, '..', '..')
const RESULTS = join(ROOT, 'comparison', 'results')
const LIMIT_MS = 60_000
const RENEW = 'npm run compare -- --pages'

const compare = async (...args: readonly string[]): Promise<{ code: number; text: string }> => {
  const program = join(ROOT, 'comparison', 'bench', 'compare.ts')
  try {
    const { stdout } = await promisify(execFile)(process.execPath, ['--import=tsx', program, ...args], {
      cwd: ROOT,
      timeout: LIMIT_MS,
    })
    return { code: 0, text: stdout }
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string }
    return { code, text: stdout + stderr }
  }
}

t.test('the pages of the comparison say what its figures say, and fetch nothing', async (t) => {
  const out = t.testdir({})
  copyFileSync(join(RESULTS, 'latest.json'), join(out, 'latest.json'))
  t.equal((await compare('--pages', '--out', out)).code, 0)
  for (const file of ['latest.md', 'latest.html']) {
    const [made, kept] = [out, RESULTS].map((folder) => readFileSync(join(folder, file), 'utf8'))
    t.ok(made === kept, `comparison/results/${file} is not made of its figures: ${RENEW}`)
  }
  const html = readFileSync(join(out, 'latest.html'), 'utf8')
  t.notMatch(html, /(src|href)=|@import|url\(/, 'self-contained')
  t.match(html, /<svg[^>]+aria-label="Unnest divided by Nest on Express"/)
})

/** As their commands make them, but in this process: to load such a command takes a second. */
const PAGES = {
  layers: (figures: unknown) => layersPage(layerResults.parse(figures)),
  scale: (figures: unknown) => scalePage(scaleResults.parse(figures)),
} as const

for (const [name, pageOf] of Object.entries(PAGES)) {
  t.test(`the page of ${name} says what its figures say`, async (t) => {
    const page = pageOf(JSON.parse(readFileSync(join(RESULTS, `${name}.json`), 'utf8')))
    t.equal(page, readFileSync(join(RESULTS, `${name}.md`), 'utf8'))
  })

  t.test(`what ${name} cannot measure is refused with the help`, (t) => {
    const usual = { rounds: 1, seconds: 1 }
    for (const args of [['--rounds', '0'], ['--node', '18'], ['--odd']]) {
      t.throws(
        () => readShortArguments(name, usual, args),
        { message: `npm run bench:${name} -- ` },
        args.join(' '),
      )
    }
    t.match(readShortArguments(name, usual, ['--rounds', '2']), { turns: { rounds: 2, seconds: 1 } })
    t.end()
  })
}

t.test('figures that are not whole make no page', async (t) => {
  const out = t.testdir({ 'latest.json': '{"madeAt": "2026-11-27T00:00:00.000Z"}' })
  const { code, text } = await compare('--pages', '--out', out)
  t.equal(code, 1)
  t.match(text, /scenarios/)
})

t.test('what cannot be measured is refused with the help', async (t) => {
  const { code, text } = await compare('--rounds', '0')
  t.equal(code, 2)
  t.match(text, /npm run compare/)
  for (const args of [
    ['--rounds', '0'],
    ['--rounds', '100'],
    ['--seconds', 'x'],
    ['--node', '18'],
    ['--only', 'nothing'],
    ['--odd'],
  ]) {
    t.equal(readArguments(args), undefined, args.join(' '))
  }
  t.match(readArguments(['--quick', '--only', 'jobs,start']), { quick: true, only: ['jobs', 'start'] })
})
