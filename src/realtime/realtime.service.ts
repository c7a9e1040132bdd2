import { noteChanges } from '../shared/database/changes.js'
import type { Database, Executor, Transaction } from '../shared/database/client.js'
import { pipelined } from '../shared/database/pipeline.js'
import { streamTag } from '../shared/realtime/hints.js'
import type { NewEvent, Reader, Reading } from './realtime.events.js'
import type { RealtimeRepository } from './realtime.repository.js'

export interface RealtimeServiceNeeds {
  readonly database: Database
  readonly repositoryOf: (executor: Executor) => RealtimeRepository
}

export interface RealtimeService {
  /**
   * Records what has happened to a user, in this order and each event once, and has the user's sockets told at the end of the
   * transaction. The last event is what there is to tell; those before it are what must not come behind it, and
   * are left out where they are too old to be asked for. So is the last one if it is `overtaken`: what came after it may have
   * been told and deleted, and it must not come behind that.
   */
  readonly recordEvents: (
    transaction: Transaction,
    userId: string,
    events: readonly NewEvent[],
    overtaken?: boolean,
  ) => Promise<void>
  /** What each reader has missed, at most `REPLAY_LIMIT` events. */
  readonly readStreams: (readers: readonly Reader[]) => Promise<Reading[]>
  /** Deletes up to `limit` events that nobody can ask for any more. @returns how many it deleted */
  readonly pruneEvents: (transaction: Transaction, limit: number) => Promise<number>
}

/** Events of one replay at most: whoever has missed more reads anew, which is cheaper for both. */
export const REPLAY_LIMIT = 200
/** How far back a replay reaches. */
const KEEP_HOURS = 24
/** Longer than events are recorded, whatever the clocks differ by: what is deleted must not be recorded again. */
const DELETE_AFTER_HOURS = KEEP_HOURS + 1

const isRecent = ({ occurredAt }: NewEvent): boolean =>
  Date.parse(occurredAt) > Date.now() - KEEP_HOURS * 3_600_000

export const createRealtimeService = ({ database, repositoryOf }: RealtimeServiceNeeds): RealtimeService => ({
  recordEvents: async (transaction, userId, events, overtaken = false) => {
    const repository = repositoryOf(transaction)
    const last = overtaken ? undefined : events.at(-1)
    const told = events.filter((event) => event === last || isRecent(event))
    if (told.length === 0) return
    await pipelined([repository.lockStream(userId), repository.appendEvents(userId, told)])
    noteChanges([streamTag(userId)])
  },

  readStreams: (readers) => repositoryOf(database).readStreams(readers, REPLAY_LIMIT),
  pruneEvents: (transaction, limit) => repositoryOf(transaction).deleteEvents(DELETE_AFTER_HOURS, limit),
})
