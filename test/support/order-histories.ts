import type { Sql } from 'postgres'

/*
 * What can become of an order, written down once more and by hand: the service's own table is what is judged. And what
 * must be true of each order that is stored, whatever was done to it.
 */
const STEPS: Readonly<Record<string, readonly string[]>> = {
  nothing: ['placed'],
  placed: ['confirmed', 'cancelled', 'expired'],
  confirmed: ['shipped', 'cancelled'],
  shipped: ['delivered'],
  delivered: [],
  cancelled: [],
  expired: [],
}

export const isStep = (from: string | null, to: string): boolean =>
  STEPS[from ?? 'nothing']?.includes(to) === true

export interface StoredEvent {
  readonly version: number
  readonly from: string | null
  readonly to: string
  readonly actorId: string | null
}

export interface StoredOrder {
  readonly id: string
  readonly userId: string
  readonly status: string
  readonly version: number
  readonly events: readonly StoredEvent[]
}

/** All orders, each with its events in their order. */
export const readOrders = (sql: Sql): Promise<StoredOrder[]> =>
  sql<StoredOrder[]>`
    select id, user_id as "userId", status, version, coalesce((
      select json_agg(json_build_object('version', events.version, 'from', from_status, 'to', to_status,
        'actorId', actor_id) order by events.version)
      from order_events as events where order_id = orders.id), '[]'::json) as events
    from orders`.then((rows) => [...rows])

/** What is wrong with an order's history. */
const faultsOf = ({ id, status, version, events }: StoredOrder): string[] => {
  const path = events.map(({ to }) => to)
  const ends = path.filter((to) => to === 'cancelled' || to === 'expired')
  const faults = {
    'a gap in its versions': events.some((event, i) => event.version !== i + 1),
    'a version without an event': events.length !== version,
    'an event that does not go on from the one before': events.some(
      ({ from }, i) => from !== (events[i - 1]?.to ?? null),
    ),
    'a step that there is not': events.some(({ from, to }) => !isStep(from, to)),
    'an event behind its state': path.at(-1) !== status,
    'two ends': ends.length > 1,
  }
  return Object.entries(faults).flatMap(([fault, isThere]) =>
    isThere ? [`order ${id} (${status}, version ${version}: ${path.join(' -> ')}) has ${fault}`] : [],
  )
}

const describeJob = (name: string, key: string, payload: Readonly<Record<string, unknown>>): string =>
  [
    name,
    key,
    ...['orderId', 'userId', 'version', 'actorId', 'from', 'to'].map((field) => payload[field]),
  ].join(' ')

/** The jobs that these events have to have queued, one each. */
const jobsOf = ({ id: orderId, userId, events }: StoredOrder): string[] =>
  events.map((event) =>
    describeJob('publish-order-event', `publish-order-event-${orderId}-${event.version}`, {
      orderId,
      userId,
      ...event,
    }),
  )

const without = (list: readonly string[], others: readonly string[]): string[] => {
  const left = [...others]
  return list.filter((entry) => {
    const index = left.indexOf(entry)
    if (index >= 0) left.splice(index, 1)
    return index < 0
  })
}

/** What is wrong with the orders, or with what is queued of them; no worker may run meanwhile. */
export const historyFaults = async (sql: Sql, orders: readonly StoredOrder[]): Promise<string[]> => {
  const rows = await sql<{ name: string; key: string; payload: Record<string, unknown> }[]>`
    select name, key, payload from outbox`
  const jobs = rows.map(({ name, key, payload }) => describeJob(name, key, payload))
  const due = orders.flatMap(jobsOf)
  return [
    ...orders.flatMap(faultsOf),
    ...without(due, jobs).map((job) => `not queued: ${job}`),
    ...without(jobs, due).map((job) => `queued without an event: ${job}`),
  ]
}

/** How often orders of a product were placed and cancelled, and what is queued of that. */
export const countMoves = async (sql: Sql, productId: string) => {
  const [row] = await sql`
    select count(*) filter (where to_status = 'placed')::int as placed,
      count(*) filter (where to_status = 'cancelled')::int as cancelled,
      count(outbox.id)::int as jobs
    from order_items join order_events using (order_id)
    left join outbox on key = concat('publish-order-event-', order_id, '-', order_events.version)
    where product_id = ${productId}`
  return { ...row }
}
