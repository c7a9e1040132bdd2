import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { ROOT } from '../../dev/testing/checks.js'
import { SCENARIOS } from './scenarios.js'

/** What can be asked for by itself. */
const PARTS: readonly string[] = [...SCENARIOS.map(({ id }) => id), 'half-load', 'start', 'jobs']

/** As short as it may be for all of it to take less than three minutes. */
const QUICK_SECONDS = 0.7

export const HELP = `npm run compare -- [--quick] [--rounds N] [--seconds N] [--only SCENARIO] [--node current] [--pages]

Measures Unnest, the Nest baseline on Express and on Fastify, and a bare node:http server in turns, on this machine, and
writes comparison/results. About fifteen minutes; the first time installs and builds what it needs.

  --quick          shorter turns and less data, under three minutes: comparison/results/quick.*
  --rounds N       how often they take turns, 3 if absent
  --seconds N      how long a turn is, 5 if absent, ${QUICK_SECONDS} with --quick
  --only SCENARIO  nothing but these, separated by commas; prints the figures and writes no file:
                   ${PARTS.join(', ')}
  --node current   on the Node that runs this, instead of the one in comparison/runtime
  --pages          measures nothing: makes the pages again from the figures
  --out FOLDER     where the figures and the pages lie, comparison/results if absent`

export interface Arguments {
  readonly quick: boolean
  readonly rounds: number
  readonly seconds: number
  readonly only: readonly string[] | undefined
  readonly currentNode: boolean
  readonly pages: boolean
  readonly out: string
}

/** 1 to 99; not a number when the text is anything else. */
export const wholeNumber = (text: string | undefined, byDefault: number): number =>
  text === undefined ? byDefault : /^[1-9]\d?$/.test(text) ? Number(text) : Number.NaN

const parse = (args: readonly string[]) => {
  const type = 'string'
  try {
    return parseArgs({
      args: [...args],
      options: {
        quick: { type: 'boolean', default: false },
        rounds: { type },
        seconds: { type },
        only: { type },
        node: { type },
        out: { type, default: join(ROOT, 'comparison', 'results') },
        pages: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    }).values
  } catch {
    return undefined
  }
}

/** What was asked for; undefined when that was help, or nothing that there is. */
export const readArguments = (args: readonly string[]): Arguments | undefined => {
  const values = parse(args)
  if (!values || values.help) return undefined
  const { quick, pages, out, node } = values
  const only = values.only?.split(',')
  const [rounds, seconds] = [
    wholeNumber(values.rounds, 3),
    wholeNumber(values.seconds, quick ? QUICK_SECONDS : 5),
  ]
  const isFit =
    rounds > 0 &&
    seconds > 0 &&
    [undefined, 'current'].includes(node) &&
    (only?.every((part) => PARTS.includes(part)) ?? true)
  return isFit ? { quick, pages, out, rounds, seconds, currentNode: node === 'current', only } : undefined
}
