import type { EffectFigures } from './effects.js'
import { percentile, recoveryOf, type Sample } from './figures.js'
import { type Finding, noted } from './findings.js'

/** All that was seen of a scenario. */
export interface Seen {
  readonly samples: readonly Sample[]
  readonly begun: number
  readonly ended: number
  readonly effects: EffectFigures
}

const p99Of = (samples: readonly Sample[], from: number, to: number): number =>
  percentile(
    samples.filter(({ at }) => at >= from && at < to).map(({ took }) => took),
    0.99,
  )

/** Times of a scenario, milliseconds. */
export const timesOf = ({ samples, begun, ended }: Seen) => ({
  p99: {
    before: p99Of(samples, 0, begun),
    during: p99Of(samples, begun, ended + 1),
    after: p99Of(samples, ended + 1, Infinity),
  },
  slowestMs: samples.reduce((longest, { took }) => Math.max(longest, took), 0),
  recoveryMs: recoveryOf(samples, ended),
})

/** So many kinds of failure are told apart; of the others only the number. */
const KINDS_SHOWN = 5

/** What the failed requests were answered with, and when they had been sent; the most frequent first. */
export const failuresOf = ({ samples, begun, ended }: Seen): Finding[] => {
  const times = new Map<string, number>()
  for (const { ok, status, at, said } of samples) {
    if (ok) continue
    const when = at < begun ? 'before' : at <= ended ? 'during' : 'after'
    const kind = `${status === 0 ? 'nothing' : status} ${when} the fault (${said ?? 'nothing known'})`
    times.set(kind, (times.get(kind) ?? 0) + 1)
  }
  const sorted = [...times].sort(([, one], [, other]) => other - one)
  const rest = sorted.slice(KINDS_SHOWN).reduce((sum, [, count]) => sum + count, 0)
  const listed = sorted.slice(0, KINDS_SHOWN).map(([kind, count]) => `${count} x ${kind}`)
  if (rest > 0) listed.push(`${rest} others`)
  return listed.length === 0 ? [] : [noted(`failures: ${listed.join(', ')}`)]
}
