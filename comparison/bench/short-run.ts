import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { parseArgs } from 'node:util'
import type { z } from 'zod'
import { ROOT } from '../../dev/testing/checks.js'
import { wholeNumber } from './arguments.js'
import { describeMachine, listVersions, readLoad } from './facts.js'
import { buildAll } from './programs.js'
import type { Circumstances } from './results.js'
import type { Turns } from './rounds.js'
import { findRuntime } from './runtime.js'
import { openStage, POOL_MAX, SIZES, type Stage } from './stage.js'

/*
 * What the smaller benchmarks have in common: their arguments, a stage of the quick form's size, a JSON file, and a page
 * that is made of it and of nothing else.
 */

export interface ShortRun<Found extends Circumstances> {
  /** Of the files in comparison/results, and of the script: `bench:NAME`. */
  readonly name: string
  readonly usual: Turns
  readonly schema: z.ZodType<Found>
  readonly measure: (stage: Stage, turns: Turns) => Promise<Omit<Found, keyof Circumstances>>
  readonly page: (found: Found) => string
}

const type = 'string'

const parse = (args: readonly string[]) => {
  try {
    return parseArgs({
      args: [...args],
      options: {
        rounds: { type },
        seconds: { type },
        node: { type },
        pages: { type: 'boolean', default: false },
        out: { type, default: join(ROOT, 'comparison', 'results') },
      },
    }).values
  } catch {
    return undefined
  }
}

/** @throws Error with the help for what there is not */
export const readArguments = (name: string, usual: Turns, args: readonly string[]) => {
  const values = parse(args)
  const rounds = wholeNumber(values?.rounds, usual.rounds)
  const seconds = wholeNumber(values?.seconds, usual.seconds)
  const isFit = rounds > 0 && seconds > 0 && [undefined, 'current'].includes(values?.node)
  if (!values || !isFit) {
    throw new Error(
      `npm run bench:${name} -- [--rounds N] [--seconds N] [--node current] [--pages] [--out FOLDER]`,
    )
  }
  const { pages, out, node } = values
  return { turns: { rounds, seconds }, pages, out, currentNode: node === 'current' }
}

const circumstancesOf = async (stage: Stage, load: number, turns: Turns): Promise<Circumstances> => ({
  madeAt: new Date().toISOString(),
  quick: false,
  machine: describeMachine(stage, load),
  versions: await listVersions(stage),
  settings: {
    ...{ rounds: turns.rounds, 'seconds a turn': turns.seconds, 'connections to Postgres': POOL_MAX },
    ...SIZES.quick,
  },
})

const measureAll = async <Found extends Circumstances>(
  { schema, measure }: ShortRun<Found>,
  turns: Turns,
  currentNode: boolean,
): Promise<Found> => {
  const load = readLoad()
  const node = await findRuntime(currentNode)
  await buildAll()
  const stage = await openStage(node, SIZES.quick)
  try {
    const found = await measure(stage, turns)
    return schema.parse({ ...(await circumstancesOf(stage, load, turns)), ...found })
  } finally {
    await stage.close()
  }
}

/** Measures and writes the figures, or reads them with `--pages`; then makes the page, and prints it. */
export const runShort = async <Found extends Circumstances>(run: ShortRun<Found>): Promise<void> => {
  try {
    const begun = Date.now()
    const { turns, pages, out, currentNode } = readArguments(run.name, run.usual, process.argv.slice(2))
    const figures = join(out, `${run.name}.json`)
    const found = pages
      ? run.schema.parse(JSON.parse(readFileSync(figures, 'utf8')))
      : await measureAll(run, turns, currentNode)
    const page = run.page(found)
    mkdirSync(out, { recursive: true })
    if (!pages) writeFileSync(figures, `${JSON.stringify(found, null, 2)}\n`)
    writeFileSync(join(out, `${run.name}.md`), page)
    console.log(`\n${page}\n${relative('', figures)}: ${Math.round((Date.now() - begun) / 1_000)} s in all`)
  } catch (error) {
    console.error(error instanceof Error ? error.message : error)
    process.exitCode = 1
  }
}
