import type { StockService } from '../products/products.container.js'
import type { Database, Executor, Transaction } from '../shared/database/client.js'
import type { Principal } from '../shared/principal.js'
import { requireVersion, type VersionCheck } from '../shared/version.js'
import type { HistoryService } from './history.service.js'
import { invalidTransition, orNotFound } from './orders.errors.js'
import { ownerFilter } from './orders.ownership.js'
import type { OrdersRepository, VersionedOrder } from './orders.repository.js'
import { TRANSITIONS, type Transition } from './orders.status.js'
import type { OrderState, TransitionsRepository } from './transitions.repository.js'

export interface TransitionsServiceNeeds {
  readonly database: Database
  readonly stockService: StockService
  readonly historyService: HistoryService
  readonly ordersOf: (executor: Executor) => OrdersRepository
  readonly transitionsOf: (transaction: Transaction) => TransitionsRepository
}

/**
 * Moves an order on: its state, its stock, its history and what is published of it in one transaction.
 * @returns the order as it is by then
 * @throws order_not_found, precondition_failed, invalid_transition; nothing is written then
 */
type MoveOrder = (caller: Principal, id: string, expected: VersionCheck) => Promise<VersionedOrder>

export interface TransitionsService {
  readonly confirmOrder: MoveOrder
  readonly shipOrder: MoveOrder
  readonly deliverOrder: MoveOrder
  /** Gives the stock back; one's own order, or any for an admin. */
  readonly cancelOrder: MoveOrder
  /**
   * Expires up to `limit` orders that were placed more than so many minutes ago, and gives their stock back.
   * @returns how many it was
   */
  readonly expireOrders: (transaction: Transaction, minutes: number, limit: number) => Promise<number>
}

const refuseUnlessAllowed = (transition: Transition, { status }: OrderState): void => {
  const { from, to } = TRANSITIONS[transition]
  if (from.includes(status)) return
  throw invalidTransition({
    detail: `An order that is ${status} cannot become ${to}.`,
    facts: { from: status, to },
  })
}

export const createTransitionsService = (needs: TransitionsServiceNeeds): TransitionsService => {
  const { database, stockService, historyService, ordersOf, transitionsOf } = needs

  /** The orders are locked and in a state in which this can be done. */
  const move = async (
    transaction: Transaction,
    transition: Transition,
    states: readonly OrderState[],
    actorId: string | null,
  ): Promise<void> => {
    if (states.length === 0) return
    const { to, returnsStock } = TRANSITIONS[transition]
    const ids = states.map(({ id }) => id)
    const transitions = transitionsOf(transaction)
    await transitions.moveOrders(ids, to)
    if (returnsStock) await stockService.returnStock(transaction, await transitions.countPieces(ids))
    const moves = states.map(({ id, userId, status, version }) => ({
      orderId: id,
      userId,
      version: version + 1,
      actorId,
      from: status,
      to,
    }))
    await historyService.recordMoves(transaction, moves)
  }

  const moveBy =
    (transition: Transition): MoveOrder =>
    (caller, id, expected) =>
      database.transaction(async (transaction) => {
        const state = orNotFound(await transitionsOf(transaction).lockOrder(id, ownerFilter(caller)))
        requireVersion(expected, state.version)
        refuseUnlessAllowed(transition, state)
        await move(transaction, transition, [state], caller.userId)
        return orNotFound(await ordersOf(transaction).findOrder(id))
      })

  return {
    confirmOrder: moveBy('confirm'),
    shipOrder: moveBy('ship'),
    deliverOrder: moveBy('deliver'),
    cancelOrder: moveBy('cancel'),

    expireOrders: async (transaction, minutes, limit) => {
      const overdue = await transitionsOf(transaction).lockOverdue(minutes, limit)
      await move(transaction, 'expire', overdue, null)
      return overdue.length
    },
  }
}
