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

/** What the failed requests were answered with. */
export const failuresOf = ({ samples }: Seen): Finding[] => {
  const times = new Map<number, number>()
  for (const { ok, status } of samples) if (!ok) times.set(status, (times.get(status) ?? 0) + 1)
  const listed = [...times].map(([status, count]) => `${count} x ${status === 0 ? 'nothing' : status}`)
  return listed.length === 0 ? [] : [noted(`failures: ${listed.join(', ')}`)]
}
