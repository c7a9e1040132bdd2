import { execFile } from 'node:child_process'
import { copyFileSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'

const ROOT = join(import.meta.dirname, '..', '..')
const RESULTS = join(ROOT, 'comparison', 'results')
const LIMIT_MS = 60_000

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
    t.equal(readFileSync(join(out, file), 'utf8'), readFileSync(join(RESULTS, file), 'utf8'), file)
  }
  const html = readFileSync(join(out, 'latest.html'), 'utf8')
  t.notMatch(html, /(src|href)=|@import|url\(/, 'self-contained')
  t.match(html, /<svg[^>]+aria-label="Unnest divided by Nest on Express"/)
})

t.test('figures that are not whole make no page', async (t) => {
  const out = t.testdir({ 'latest.json': '{"madeAt": "2026-11-27T00:00:00.000Z"}' })
  const { code, text } = await compare('--pages', '--out', out)
  t.equal(code, 1)
  t.match(text, /scenarios/)
})

t.test('what cannot be measured is refused with the help', async (t) => {
  for (const args of [
    ['--rounds', '0'],
    ['--seconds', 'x'],
    ['--node', '18'],
    ['--only', 'nothing'],
    ['--odd'],
  ]) {
    const { code, text } = await compare(...args)
    t.equal(code, 2, args.join(' '))
    t.match(text, /npm run compare/)
  }
})
