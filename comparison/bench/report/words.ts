import type { Results } from '../results.js'
import type { Spread } from './statistics.js'

/*
 * What both pages say in words.
 */

export const TITLE = 'Unnest beside Nest'

export const LEAD =
  'What a request costs each of them, on one machine, on one Postgres and one Redis, in turns. The ratio is Unnest’s processor time a request ' +
  'divided by the other’s: below 1 Unnest costs less. It is the steadiest figure; requests a second and times depend on what else the ' +
  'machine’s cores have to do. Each figure is the median of the rounds, then the lowest and the highest.'

/** What a reader must know to judge the figures. */
export const NOT_EQUAL = [
  'Both start with NODE_ENV=production, a pool of ten connections, the same tables, indexes and keys, key objects made once, one JSON log line a request to the same place, and their rate limits on, set so high that they refuse nobody.',
  'Unnest does more: it looks up whether a session has ended, counts its limits for all pods, refuses unknown parameters, answers with ETag where it can, and writes the job of an order into Postgres. The baseline’s guard asks nobody.',
  'The bare server is the limit, not a candidate: no validation, no limits, no revocation, no error model.',
  'Unnest has uploads, webhooks, a dashboard and more, whose packages and lines the baseline does not have. The lines of what both can do leave those files out; among what they stand on is Unnest’s own relay from the outbox, where the baseline calls BullMQ.',
  'A mail of Unnest comes out of the outbox and its row is closed in Postgres; the baseline’s is a job in Redis. An order of Unnest causes two jobs, its event and the mail.',
  'Every answer is checked: its status, and a value of this very caller that must be in it. A wrong one fails the run.',
]

const PINNED = (server: string, generator: string): string =>
  `The server had core ${server}, the load generator core ${generator}; Postgres and Redis ran where the system put them.`

export const circumstancesOf = ({ madeAt, machine, settings, versions, quick }: Results): string[] => {
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
export const ratio = (value: number): string => value.toFixed(2)

export const spread = ({ low, middle, high }: Spread, text: (value: number) => string): string =>
  `${text(middle)} (${text(low)} to ${text(high)})`
