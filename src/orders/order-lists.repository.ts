import { and, desc, eq, gte, lt, type SQL, sql } from 'drizzle-orm'
import type { Executor } from '../shared/database/client.js'
import { FIRST_ID, firstIdAt, LAST_ID } from '../shared/database/ids.js'
import { defineQuery, type Places, queries } from '../shared/database/statement.js'
import { isOf, itemsOf, orderColumns, toOrder, type VersionedOrder } from './orders.repository.js'
import type { OrderStatus } from './orders.status.js'
import { orders } from './orders.table.js'

export interface OrdersFilter {
  /** All users' orders, if absent. */
  readonly userId?: string | undefined
  /** In any of these states. */
  readonly statuses?: readonly OrderStatus[] | undefined
  /** To the millisecond, which is all that an order tells of its time; neither limit is included. */
  readonly createdAfter?: Date | undefined
  readonly createdBefore?: Date | undefined
  /** Goes on behind this order. */
  readonly after?: string | undefined
  readonly limit: number
}

/**
 * How far the clock of the pod that made an id may be off Postgres' own, which made the time. An id has its time in it,
 * so a range of times is a range of the index that the list is read by; the time itself decides.
 */
const CLOCKS_APART_MS = 10 * 60_000

const later = (date: Date, ms: number): Date => new Date(date.getTime() + ms)

/** The ids that can be on the page, from `first` to before `end`. */
const idsOf = ({ createdAfter, createdBefore, after }: OrdersFilter) => {
  const ends = [after, createdBefore && firstIdAt(later(createdBefore, CLOCKS_APART_MS))]
  const [end = LAST_ID] = ends.filter((id) => id !== undefined).sort()
  return { first: createdAfter ? firstIdAt(later(createdAfter, -CLOCKS_APART_MS)) : FIRST_ID, end }
}

/** The millisecond is added by Postgres, whose years go on behind 9999, the last one that a text from here can have. */
const behind = (date: Date): SQL => sql`${date.toISOString()}::timestamptz + interval '1 millisecond'`

const isInTime = ({ createdAfter, createdBefore }: OrdersFilter): SQL | undefined =>
  and(
    createdAfter && gte(orders.createdAt, behind(createdAfter)),
    createdBefore && lt(orders.createdAt, createdBefore.toISOString()),
  )

/**
 * A page of each state, from which the newest are taken. State and id are compared as one and sorted by both, which
 * only the index of the two does: Postgres would else go through the newer orders in all other states, since it does
 * not know that a state goes with an age.
 */
const pagesByStatus = (executor: Executor, statuses: readonly OrderStatus[], filter: OrdersFilter) => {
  const { userId, limit } = filter
  const { first, end } = idsOf(filter)
  const key = sql`(${orders.status}, ${orders.id})`
  const page = executor
    .select()
    .from(orders)
    .where(
      and(
        isOf(userId),
        sql`${key} >= (wanted.status, ${first}::uuid)`,
        sql`${key} < (wanted.status, ${end}::uuid)`,
        isInTime(filter),
      ),
    )
    .orderBy(desc(orders.status), desc(orders.id))
    .limit(limit)
    .as('page')
  return executor
    .select({ ...page._.selectedFields, items: itemsOf(page) })
    .from(sql`unnest(${sql.param(statuses)}::text[]) as wanted (status)`)
    .crossJoinLateral(page)
    .orderBy(desc(page.id))
    .limit(limit)
}

/** What most who ask for a list want: their own orders, whatever their state. */
const selectOwn = defineQuery(
  orderColumns,
  (place: Places<{ userId: string; first: string; end: string; limit: number }>) =>
    queries
      .select(orderColumns)
      .from(orders)
      .where(
        and(eq(orders.userId, place('userId')), gte(orders.id, place('first')), lt(orders.id, place('end'))),
      )
      .orderBy(desc(orders.id))
      .limit(place('limit')),
)

const findRows = (executor: Executor, filter: OrdersFilter) => {
  const { statuses, userId, createdAfter, createdBefore, limit } = filter
  if (statuses) return pagesByStatus(executor, statuses, filter)
  const { first, end } = idsOf(filter)
  if (userId !== undefined && !createdAfter && !createdBefore)
    return selectOwn(executor, { userId, first, end, limit })
  return executor
    .select(orderColumns)
    .from(orders)
    .where(and(isOf(userId), gte(orders.id, first), lt(orders.id, end), isInTime(filter)))
    .orderBy(desc(orders.id))
    .limit(limit)
}

export const createOrderListsRepository = (executor: Executor) => ({
  /** Newest first. */
  listOrders: async (filter: OrdersFilter): Promise<VersionedOrder[]> =>
    (await findRows(executor, filter)).map(toOrder),
})

export type OrderListsRepository = ReturnType<typeof createOrderListsRepository>
