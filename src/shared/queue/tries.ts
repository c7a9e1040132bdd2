import { setTimeout as wait } from 'node:timers/promises'
import { inBatches } from '../batch.js'
import type { Database } from '../database/client.js'
import { mayPass } from '../database/failures.js'
import {
  beginSuspect,
  type Claim,
  type ClaimRequest,
  claimRows,
  type HeldRow,
  renewClaim,
} from '../database/outbox-claims.js'
import { buryRow, closeRows, type PutBack, parkRow, putBackRow } from '../database/outbox-endings.js'
import { withDeadline } from '../deadline.js'

const BATCH_ROWS = 200
/** Above what Postgres gives a statement: a connection whose packets vanish ends the waiting, not the worker. */
const STATEMENT_MS = 10_000
/** How long an end is written again while Postgres is away; the lease has to be longer. */
const RECORD_FOR_MS = 20_000
const RECORD_EVERY_MS = 500

/**
 * What a lease lasts beyond the try's own time: to wait for its turn, and to write down how it ended. Until then nobody
 * else gets the row.
 */
export const LEASE_SLACK_MS = RECORD_FOR_MS + STATEMENT_MS

/** What is written down of a job's tries. Each call waits for Postgres for a bounded time. */
export interface Tries {
  /** @returns undefined when the row is closed, in a later round or in somebody's hand */
  readonly claim: (request: ClaimRequest) => Promise<Claim | undefined>
  /** Counts the start of a suspect. @returns undefined when it is not ours any more */
  readonly begin: (claim: Claim, leaseMs: number) => Promise<Claim | undefined>
  readonly renew: (claim: HeldRow, leaseMs: number) => Promise<boolean>
  readonly close: (claim: HeldRow) => Promise<void>
  /** The last three change nothing, and resolve to false, when the row is not ours any more. */
  readonly putBack: (claim: HeldRow, back: PutBack) => Promise<boolean>
  readonly park: (claim: HeldRow) => Promise<boolean>
  readonly bury: (claim: HeldRow, failure: string) => Promise<boolean>
}

const once = <T>(what: string, work: Promise<T>): Promise<T> => withDeadline(what, STATEMENT_MS, work)

/** The effect is there and only its record is missing: what is not written down now is done twice. */
const insistently = async <T>(what: string, work: () => Promise<T>): Promise<T> => {
  const until = performance.now() + RECORD_FOR_MS
  for (;;) {
    try {
      return await once(what, work())
    } catch (error) {
      if (!mayPass(error) || performance.now() > until) throw error
      await wait(RECORD_EVERY_MS)
    }
  }
}

/** Of several deliveries of one row at the same time Postgres lets one have it: whose id the claim bears. */
const claimBatch = async (
  database: Database,
  requests: readonly ClaimRequest[],
): Promise<(Claim | undefined)[]> => {
  const claims = new Map((await claimRows(database, requests)).map((claim) => [claim.claimId, claim]))
  return requests.map(({ claimId }) => claims.get(claimId))
}

/** Many at a time: a statement a job would be the queue's limit. */
export const createTries = (database: Database): Tries => {
  const claimInBatch = inBatches(BATCH_ROWS, (requests: readonly ClaimRequest[]) =>
    once('claiming jobs', claimBatch(database, requests)),
  )
  const closeInBatch = inBatches(BATCH_ROWS, async (ids: readonly string[]) => {
    await insistently('closing jobs', () => closeRows(database, ids))
    return ids
  })
  return {
    claim: claimInBatch,
    begin: (claim, leaseMs) => insistently('beginning a job', () => beginSuspect(database, claim, leaseMs)),
    renew: (claim, leaseMs) => once('renewing a claim', renewClaim(database, claim, leaseMs)),
    close: async ({ id }) => void (await closeInBatch(id)),
    putBack: (claim, back) => insistently('putting a job back', () => putBackRow(database, claim, back)),
    park: (claim) => insistently('parking a job', () => parkRow(database, claim)),
    bury: (claim, failure) => insistently('burying a job', () => buryRow(database, claim, failure)),
  }
}
