import type { Finding } from './findings.js'
import type { Row } from './results.js'
import type { Scenario } from './scenario.js'
import { failuresOf, type Seen, timesOf } from './seen.js'

const brokenIn = (
  { noFailures, mailsMayRepeat }: Scenario,
  { samples, effects }: Seen,
  failures: number,
): string[] => {
  const counts: readonly [number, string][] = [
    [samples.length === 0 ? 1 : 0, 'load generator without a request'],
    [noFailures ? failures : 0, 'requests failed'],
    [effects.unanswered, 'keys never answered'],
    [effects.lost, 'orders lost'],
    [effects.doubled, 'orders doubled'],
    [effects.wrongNames, 'names wrong'],
    [effects.mailsMissing, 'mails missing'],
    [mailsMayRepeat ? 0 : effects.mailsRepeated, 'mails repeated'],
    [effects.deadLetters, 'dead letters'],
    [effects.openJobs, 'jobs open'],
  ]
  return counts.filter(([count]) => count > 0).map(([count, what]) => `${count} ${what}`)
}

export const rowOf = (scenario: Scenario, seen: Seen, found: readonly Finding[]): Row => {
  const { unanswered: _unanswered, failedJobs: _failedJobs, ...effects } = seen.effects
  const failures = seen.samples.filter(({ ok }) => !ok).length
  const findings = [...found, ...(scenario.judge?.(seen) ?? []), ...failuresOf(seen)]
  return {
    ...{ id: scenario.id, title: scenario.title, requests: seen.samples.length, failures },
    ...timesOf(seen),
    ...effects,
    findings,
    broken: [
      ...brokenIn(scenario, seen, failures),
      ...findings.filter(({ kept }) => !kept).map(({ text }) => text),
    ],
  }
}

/** Of a scenario that did not come to its end. */
export const rowOfError = ({ id, title }: Scenario, error: unknown): Row => ({
  ...{ id, title, requests: 0, failures: 0, p99: { before: 0, during: 0, after: 0 }, slowestMs: 0 },
  ...{ recoveryMs: 0, lost: 0, doubled: 0, wrongNames: 0, mailsMissing: 0, mailsRepeated: 0 },
  ...{ deadLetters: 0, openJobs: 0, findings: [] },
  broken: [`stopped: ${(error instanceof Error ? error.message : String(error)).split('\n')[0]}`],
})
