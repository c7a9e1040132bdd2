import type { Sql } from 'postgres'

/** Of three things to order, more than any test takes. */
export const PLENTY = [10_000_000, 10_000_000, 10_000_000] as const

export interface OrdersToInsert {
  readonly userId: string
  readonly count: number
  readonly minutesAgo: number
}

/** Places orders of one of the first product, two of the second and so on, and takes their stock: in one statement. */
export const insertOrders = async (sql: Sql, orders: OrdersToInsert): Promise<void> => {
  const { userId, count, minutesAgo } = orders
  await sql`
    with placed as (
      insert into orders (id, user_id, status, total_amount, currency, created_at)
      select gen_random_uuid(), ${userId}, 'placed', 600, 'EUR', now() - make_interval(mins => ${minutesAgo})
      from generate_series(1, ${count}::int)
      returning id
    ), events as (
      insert into order_events (order_id, version, actor_id, to_status)
      select id, 1, ${userId}, 'placed' from placed
    ), items as (
      insert into order_items (order_id, position, product_id, sku, name, unit_price_amount, quantity)
      select placed.id, product.rank, product.id, sku, name, price_amount, product.rank
      from placed, (select *, rank() over (order by id) from products) as product
      returning product_id, quantity
    ), taken as (
      select product_id, sum(quantity) as pieces from items group by product_id
    )
    update products set stock = stock - pieces from taken where id = product_id`
}

/** Of each product what is in stock and what open orders hold. Nothing but a delivery may change it. */
export const countPieces = async (sql: Sql): Promise<readonly number[]> => {
  const rows = await sql<{ pieces: number }[]>`
    select (stock + coalesce((select sum(quantity) from orders
      join order_items on order_id = orders.id and product_id = products.id
      where status = 'placed'), 0))::int as pieces
    from products order by products.id`
  return rows.map(({ pieces }) => pieces)
}

export interface Expiries {
  readonly orders: number
  /** Orders that are expired, one version further. */
  readonly expired: number
  /** What happened to them since they were placed. */
  readonly events: number
  /** Those events that are the service's own step from placed to expired. */
  readonly expiries: number
  /** Publications of those steps. */
  readonly jobs: number
}

/** What has become of the orders that `insertOrders` placed for somebody. */
export const countExpiries = async (sql: Sql, userId: string): Promise<Expiries> => {
  const [counts] = await sql<[Expiries]>`
    with mine as (select id, status, version from orders where user_id = ${userId}),
    later as (select event.* from order_events as event join mine on order_id = id where event.version > 1)
    select (select count(*) from mine)::int as orders,
      (select count(*) from mine where (status, version) = ('expired', 2))::int as expired,
      (select count(*) from later)::int as events,
      (select count(*) from later where actor_id is null
        and (version, from_status, to_status) = (2, 'placed', 'expired'))::int as expiries,
      (select count(*) from outbox where name = 'publish-order-event'
        and payload ->> 'userId' = ${userId}::text)::int as jobs`
  return counts
}
