import { existsSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import t from 'tap'
import { isQuotedFrom, type Quotation, quotationsIn } from '../support/quotations.js'

const ROOT = join(import.meta.dirname, '../..')
const DOCS = join(ROOT, 'docs')
const DOCUMENT = readFileSync(join(DOCS, 'from-nest.md'), 'utf8')

/** Whose files each side shows. */
const SIDES: Readonly<Record<string, RegExp>> = {
  Nest: /^comparison\/nest\/src\//,
  Here: /^(src|workers|test)\//,
}

const CONCEPTS = [
  'Module',
  'Provider',
  'Guard',
  'Interceptor: logging',
  'Interceptor: transformation',
  'Interceptor: cache',
  'Pipe and DTO',
  'Exception filter',
  'Configuration',
  'Repository',
  'Queue',
  'Processor',
  'Schedule',
  'Testing',
  'Swagger',
  'Start and shutdown',
]

/** What each concept is told in, beside the two files. */
const POINTS = ['**What changes.**', '**You lose**', '**You gain**']

const faultOf = ({ section, label, link, lines }: Quotation): string[] => {
  const path = relative(ROOT, join(DOCS, link))
  const what = `${section}, ${path}`
  if (!SIDES[label]?.test(path)) return [`${what}: is no file of "${label}"`]
  if (!existsSync(join(ROOT, path))) return [`${what}: is not there`]
  return isQuotedFrom(readFileSync(join(ROOT, path), 'utf8'), lines) ? [] : [`${what}: ${lines[0]?.trim()}`]
}

/** A concept needs a quotation of each side. */
const oneSided = (quotations: readonly Quotation[]): string[] =>
  Object.keys(SIDES).flatMap((side) =>
    [...new Set(quotations.map(({ section }) => section))]
      .filter((concept) => !quotations.some(({ section, label }) => section === concept && label === side))
      .map((concept) => `${concept}: nothing of "${side}"`),
  )

const faultsIn = (markdown: string): string[] => {
  const quotations = quotationsIn(markdown)
  return [...quotations.flatMap(faultOf), ...oneSided(quotations)]
}

t.test('docs/from-nest.md shows each concept on both sides, word for word', async (t) => {
  const concepts = [...new Set(quotationsIn(DOCUMENT).map(({ section }) => section))]
  t.strictSame(concepts, CONCEPTS)
  t.strictSame(faultsIn(DOCUMENT), [])
  for (const section of DOCUMENT.split(/^## /m).filter((text) => text.includes('```ts'))) {
    const told = POINTS.filter((point) => section.includes(point))
    t.strictSame(told, POINTS, section.slice(0, section.indexOf('\n')))
  }
})

const block = (label: string, path: string, code: string): string =>
  `${label}: [${path}](../${path})\n\n\`\`\`ts\n${code}\n\`\`\`\n\n`

const NEST = block('Nest', 'comparison/nest/src/auth/principal.ts', 'export interface Principal {')
const HERE = 'src/shared/provide.ts'

t.test('a wrong quotation is found', async (t) => {
  const here = (code: string, path = HERE): string[] =>
    faultsIn(`## Planted\n\n${NEST}${block('Here', path, code)}`)
  const first = "import { type AwilixContainer, asFunction } from 'awilix'"
  const last = '  return container as unknown as AwilixContainer<C & Provided<F>>'
  t.strictSame(here(first), [])
  t.strictSame(here(`${first}\n// …\n  ${last}\n  }`), [], 'with a gap, and indented otherwise')
  for (const [why, code] of [
    ['another word', first.replace('asFunction', 'asClass')],
    ['a part of a line', first.slice(0, 20)],
    ['lines that do not follow each other', `${first}\n${last}`],
    ['parts in another order', `${last}\n// …\n${first}`],
    ['lines that are indented differently among themselves', `${last.trim()}\n  }`],
    ['nothing', '// …'],
  ] as const) {
    t.strictSame(here(code), [`Planted, ${HERE}: ${code.split('\n')[0]?.trim()}`], why)
  }
  t.strictSame(here(first, 'src/shared/gone.ts'), ['Planted, src/shared/gone.ts: is not there'])
  t.strictSame(here('{', 'package.json'), ['Planted, package.json: is no file of "Here"'])
  t.strictSame(faultsIn(`## Planted\n\n${NEST}`), ['Planted: nothing of "Here"'])
  t.throws(() => faultsIn('## Planted\n\nOf no file:\n\n```ts\nfirst\n```\n'), /does not say which file/)
  t.throws(
    () => faultsIn('## Planted\n\nHere: [a.ts](../b.ts)\n\n```ts\nx\n```\n'),
    /does not say which file/,
  )
})
