import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { type Arguments, HELP, readArguments } from './arguments.js'
import { toHtml } from './report/html.js'
import { toMarkdown } from './report/markdown.js'
import { type Results, results } from './results.js'

/* `npm run compare`: see HELP. */

const fileOf = (folder: string, quick: boolean, ending: string): string =>
  join(folder, `${quick ? 'quick' : 'latest'}.${ending}`)

const writePages = (folder: string, found: Results): void => {
  writeFileSync(fileOf(folder, found.quick, 'md'), toMarkdown(found))
  const page = fileOf(folder, found.quick, 'html')
  writeFileSync(page, toHtml(found))
  console.log(relative('', page))
}

const main = async (asked: Arguments): Promise<void> => {
  const { out, quick, only, pages } = asked
  const figures = fileOf(out, quick, 'json')
  if (pages) return writePages(out, results.parse(JSON.parse(readFileSync(figures, 'utf8'))))
  const begun = Date.now()
  // Not at the top: a page is made, and help given, without all that it takes to measure.
  const { measure } = await import('./measure.js')
  const found = results.parse(await measure(asked))
  console.log(`\n${toMarkdown(found)}`)
  console.log(`${Math.round((Date.now() - begun) / 1_000)} s in all`)
  // A part of the figures must not pass for all of them.
  if (only) return
  mkdirSync(out, { recursive: true })
  writeFileSync(figures, `${JSON.stringify(found, null, 2)}\n`)
  writePages(out, found)
}

const asked = readArguments(process.argv.slice(2))
if (asked === undefined) {
  console.log(HELP)
  process.exitCode = 2
} else {
  await main(asked).catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : error)
    process.exitCode = 1
  })
}
