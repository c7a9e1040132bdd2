import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import t from 'tap'

const ROOT = join(import.meta.dirname, '../..')
const DOCUMENTS = [
  'README.md',
  'comparison/nest/README.md',
  ...readdirSync(join(ROOT, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
]

/** Blocks of code show links and headings that are none. */
const proseOf = (path: string): string => readFileSync(path, 'utf8').replace(/^```.*?^```$/gms, '')

/** As hosts of repositories make it of a heading: lower case, hyphens for blanks, no other signs. */
const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .replace(/\s/g, '-')

const hasAnchor = (path: string, anchor: string): boolean =>
  [...proseOf(path).matchAll(/^#+ (.+)$/gm)].some(([, heading = '']) => anchorOf(heading) === anchor)

const isGood = (document: string, link: string): boolean => {
  const [target = '', anchor] = link.split('#', 2)
  const path = target === '' ? join(ROOT, document) : join(ROOT, dirname(document), target)
  return existsSync(path) && (anchor === undefined || hasAnchor(path, anchor))
}

t.test('every link from a document to a file of ours, and to a section of it, leads there', async (t) => {
  for (const document of DOCUMENTS) {
    const links = [...proseOf(join(ROOT, document)).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link)
    const broken = links.filter((link) => !/^https?:/.test(link) && !isGood(document, link))
    t.strictSame(broken, [], document)
  }
  t.ok(isGood('docs/jobs.md', 'operations.md#dead-letters'))
  t.notOk(isGood('docs/jobs.md', 'operations.md#live-letters'), 'a section that is not there is noticed')
  t.notOk(isGood('docs/jobs.md', 'operation.md'), 'and so is a file')
})

t.test('every path and every script that a document in docs names is there', async (t) => {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
  for (const document of DOCUMENTS.filter((path) => path.startsWith('docs/'))) {
    const text = readFileSync(join(ROOT, document), 'utf8')
    const paths = [...text.matchAll(/`((?:src|workers|test|dev|migrations|comparison|docs)\/[\w./-]+)`/g)]
    const missing = paths.map(([, path = '']) => path).filter((path) => !existsSync(join(ROOT, path)))
    const named = [...text.matchAll(/npm run (?:-s )?([\w:]+)/g)].map(([, name = '']) => name)
    const unknown = named.filter((name) => !(name in scripts))
    t.strictSame([...missing, ...unknown], [], document)
  }
})
