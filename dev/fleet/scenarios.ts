import { sessionsEnd, sessionsEndWithoutRedis } from './ended-sessions.js'
import * as faults from './faults.js'
import { atMost, type Finding, noted, seconds } from './findings.js'
import { repeatKeys } from './repeated-keys.js'
import { releaseBack, releaseForward, rollTenTimes } from './rollouts.js'
import type { Scenario } from './scenario.js'
import { type Seen, timesOf } from './seen.js'

const MAX_SLOWDOWN = 3
const MAX_ANSWER_SECONDS = 5
const MAX_RECOVERY_SECONDS = 5

const slowdownOf = (seen: Seen): number => {
  const { before, during } = timesOf(seen).p99
  return during / Math.max(1, before)
}

const slowdown = (seen: Seen): Finding[] => [
  atMost('p99 during the fault divided by that before:', slowdownOf(seen), MAX_SLOWDOWN),
]

const notedSlowdown = (seen: Seen): Finding[] => [
  noted(`p99 during the fault divided by that before: ${slowdownOf(seen).toFixed(1)}`),
]

const answeredInTime = (seen: Seen): Finding[] => {
  const { slowestMs, recoveryMs } = timesOf(seen)
  const improper = seen.samples.filter(({ ok, putOff }) => !ok && !putOff).length
  return [
    atMost('the slowest answer took', seconds(slowestMs), MAX_ANSWER_SECONDS, ' s'),
    atMost('failures other than 503 with Retry-After:', improper, 0),
    atMost('the last failure after the fault came after', seconds(recoveryMs), MAX_RECOVERY_SECONDS, ' s'),
  ]
}

const failedJobs = ({ effects }: Seen): Finding[] => [
  atMost('jobs of which a try failed:', effects.failedJobs, 0),
]

const unseen = { noFailures: true, mailsMayRepeat: false }
const unseenByClients = { noFailures: true, mailsMayRepeat: true }
const seen = { noFailures: false, mailsMayRepeat: false }
const withoutPostgres = { noFailures: false, mailsMayRepeat: true, judge: answeredInTime }

/** The promises, one table. */
export const SCENARIOS: readonly Scenario[] = [
  { id: 'rolling', title: 'Ten rolling restarts', ...unseen, act: rollTenTimes },
  {
    ...{ id: 'release', title: 'A new release, with its migration', ...unseen, previous: 'first' },
    ...{ act: releaseForward, judge: failedJobs },
  },
  {
    ...{ id: 'release-back', title: 'Back to the release before', ...unseen, previous: 'later' },
    ...{ act: releaseBack, judge: failedJobs },
  },
  { id: 'postgres', title: 'Postgres restarts', ...withoutPostgres, act: faults.postgresRestarts },
  { id: 'postgres-silent', title: 'Postgres silent', ...withoutPostgres, act: faults.postgresFrozen },
  { id: 'redis-gone', title: 'Redis gone', ...unseen, act: faults.redisGone, judge: slowdown },
  { id: 'redis-silent', title: 'Redis silent', ...unseen, act: faults.redisFrozen, judge: notedSlowdown },
  { id: 'redis-flushed', title: 'Redis flushed', ...unseen, act: faults.redisFlushed },
  { id: 'pod-killed', title: 'Pod killed with -9', ...seen, act: faults.podKilled },
  { id: 'pod-frozen', title: 'Pod frozen', ...seen, act: faults.podFrozen },
  { id: 'worker-killed', title: 'Worker killed with -9', ...unseenByClients, act: faults.workerKilled },
  { id: 'keys', title: 'Idempotency keys on three pods', ...seen, act: repeatKeys },
  { id: 'sessions', title: 'Sessions ended', ...unseen, act: sessionsEnd },
  {
    ...{ id: 'sessions-without-redis', title: 'Sessions ended without Redis', ...unseen },
    act: sessionsEndWithoutRedis,
  },
]
