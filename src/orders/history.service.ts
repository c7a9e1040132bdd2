import type { Database, Executor, Transaction } from '../shared/database/client.js'
import { pipelined } from '../shared/database/pipeline.js'
import type { JobProducer } from '../shared/queue/producer.js'
import type { HistoryRepository, Move } from './history.repository.js'
import { publishOrderEvent } from './orders.jobs.js'

export interface HistoryServiceNeeds {
  readonly database: Database
  readonly jobProducer: JobProducer
  readonly historyOf: (executor: Executor) => HistoryRepository
}

/** A move, and whose order it was. */
export type OwnedMove = Move & { readonly userId: string }

export interface HistoryService {
  /** Writes the events of these moves and queues their publication, in the transaction that made them. */
  readonly recordMoves: (transaction: Transaction, moves: readonly OwnedMove[]) => Promise<void>
  /** Oldest first, from behind that version. */
  readonly listEvents: HistoryRepository['listEvents']
}

export const createHistoryService = (needs: HistoryServiceNeeds): HistoryService => {
  const { database, jobProducer, historyOf } = needs

  return {
    recordMoves: async (transaction, moves) => {
      await pipelined([
        historyOf(transaction).insertEvents(moves),
        jobProducer.sendAll(transaction, publishOrderEvent, moves),
      ])
    },

    listEvents: historyOf(database).listEvents,
  }
}
