import type { Circumstances, HalfLoadResult } from '../results.js'
import type { Spread } from './statistics.js'

/*
 * What both pages say in words.
 */

export const TITLE = 'Unnest beside Nest'

export const LEAD =
  'What a request costs each of them, on one machine, on one Postgres and one Redis, in turns. The ratio is Unnest’s processor time a request ' +
  'divided by the other’s: below 1 Unnest costs less. It is the steadiest figure; requests a second and times depend on what else the ' +
  'machine’s cores have to do. Each figure is the median of the rounds, then the lowest and the highest.'

export const HALF_LOAD_TITLE = 'How long clients wait at half of Unnest’s capacity'

export const HALF_LOAD =
  'Requests come at a fixed rate, whether the ones before are answered or not: half of what Unnest answered at most in this run, and the same rate for all. ' +
  'A time begins when the request is due, so a server that is behind cannot hide it; what the generator’s own timer adds, up to two milliseconds, is left out.'

export const CANNOT_KEEP_UP = 'cannot serve this rate'

export const halfLoadHeading = ({ title, rate }: HalfLoadResult): string =>
  `${title}, ${wholeNumber(rate)} requests a second`

/** What a reader must know to judge the figures. */
export const NOT_EQUAL = [
  'Both start with NODE_ENV=production, a pool of ten connections, the same tables, indexes and keys, key objects made once, and one JSON log line a request to the same place.',
  'Unnest does more: it looks in its memory whether a session has ended, counts its limits for all pods (set so high that they refuse nobody; the baseline runs without its throttler), answers with ETag where it can, and writes the job of an order into Postgres. The baseline’s guard asks nobody.',
  'Unnest knows a token again that it has verified, up to 5,000 of them, and so does the bare server; the baseline verifies the signature each time. There are 50 callers here, so that memory always hits: whoever sees a token for the first time pays what the baseline pays.',
  'Unnest and the bare server are one file each, with most of their packages; the baseline is loaded from node_modules, as Nest services are. That shows in the start, not in a request. Each is started once before the starts that are counted, so that none reads a cold disk.',
  'The bare server is the limit, not a candidate: no validation, no limits, no revocation, no error model.',
  'Unnest has uploads, webhooks, a dashboard and more, whose packages and lines the baseline does not have. The lines of what both can do leave those files out; among what they stand on is Unnest’s own relay from the outbox, where the baseline calls BullMQ. The baseline’s packages are those of both adapters.',
  'A mail of Unnest comes out of the outbox and its row is closed in Postgres; the baseline’s is a job in Redis. All are handed in while the worker stands still; the clock, and the count of its processor time, run from the moment it goes on to the last that is done. Of Unnest that includes the way from the outbox to Redis. An order of Unnest causes two jobs, its event and the mail, and what its worker spends on them is not part of the request’s figure; the baseline’s request adds its job itself.',
  'Every answer is checked: its status, and a value that the right one has, of this very caller where it is his. A wrong one fails the run, and so does a cached scenario that Redis did not answer.',
]

const PINNED = (server: string, generator: string): string =>
  `The server was kept on core ${server} and the load generator on core ${generator}; Postgres and Redis ran where the system put them, beside either.`

export const circumstancesOf = ({ madeAt, machine, settings, versions, quick }: Circumstances): string[] => {
  const { processor, cores, memoryGigabytes, system, pinning, loadAtStart } = machine
  return [
    `Made ${madeAt.slice(0, 16).replace('T', ' ')} UTC on ${processor}, ${cores} cores, ${memoryGigabytes} GB, ${system}; load before: ${loadAtStart.toFixed(2)}.`,
    pinning ? PINNED(pinning.server, pinning.generator) : 'Processes ran where the system put them.',
    `${Object.entries(settings)
      .map(([name, value]) => `${name}: ${value}`)
      .join('; ')}.`,
    `Versions: ${Object.entries(versions)
      .map(([name, version]) => `${name} ${version}`)
      .join(', ')}.`,
    ...(quick ? ['This is the short form: shorter turns, less data, wider spreads.'] : []),
  ]
}

export const wholeNumber = (value: number): string => Math.round(value).toLocaleString('en')
/** Times of a few milliseconds need a digit more. */
export const time = (value: number): string => (value < 10 ? value.toFixed(1) : wholeNumber(value))
/** Of times that were taken in fractions of a millisecond. */
export const fraction = (value: number): string => value.toFixed(2)
export const ratio = (value: number): string => value.toFixed(2)

export const spread = ({ low, middle, high }: Spread, text: (value: number) => string): string =>
  `${text(middle)} (${text(low)} to ${text(high)})`
