import type { Finding } from './findings.js'
import type { Release } from './releases.js'
import type { Seen } from './seen.js'
import type { Stage } from './stage.js'

/** What a scenario acts on, and for how long. */
export interface Act {
  readonly stage: Stage
  readonly faultMs: number
  /** Built only where a scenario says that it needs it. */
  readonly previous: Release | undefined
}

/** One fault: what is done to the fleet, and what is promised of it. No effect may be lost or doubled by any. */
export interface Scenario {
  readonly id: string
  readonly title: string
  /** Whether no client may see an error. */
  readonly noFailures: boolean
  /** Whether a worker may be hindered between a mail that was taken and its note of that: see docs/mail.md. */
  readonly mailsMayRepeat: boolean
  /** Whether the release before takes part: as the one that the fleet starts with, or later. */
  readonly previous?: 'first' | 'later'
  readonly act: (act: Act) => Promise<readonly Finding[]>
  readonly judge?: (seen: Seen) => readonly Finding[]
}
