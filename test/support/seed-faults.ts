import type { Sql } from 'postgres'

/** Each query finds what must not be. */
export const SEED_FAULTS = {
  'a total that is not the sum of its items': (sql: Sql) => sql`
    select from orders where total_amount is distinct from
      (select sum(unit_price_amount::bigint * quantity) from order_items where order_id = id)`,
  'an order of two currencies': (sql: Sql) => sql`
    select from order_items join orders on orders.id = order_id join products on products.id = product_id
    where currency <> price_currency`,
  'an item that is not as its product': (sql: Sql) => sql`
    select from order_items join products on products.id = product_id
    where (order_items.sku, order_items.name, unit_price_amount)
      is distinct from (products.sku, products.name, price_amount)`,
  'a product twice in an order': (sql: Sql) => sql`
    select from order_items group by order_id, product_id having count(*) > 1`,
  'a gap in the items': (sql: Sql) => sql`
    select from order_items group by order_id having max(position) <> count(*) - 1 or count(*) > 5`,
  'a history that is no path of the state machine': (sql: Sql) => sql`
    select from (
      select *, lag(to_status) over w as before, lag(created_at) over w as earlier, row_number() over w as nth
      from order_events window w as (partition by order_id order by version)
    ) as steps
    where version <> nth or from_status is distinct from before or created_at <= earlier
      or coalesce(from_status, '') || '>' || to_status not in ('>placed', 'placed>confirmed', 'placed>cancelled',
        'placed>expired', 'confirmed>shipped', 'confirmed>cancelled', 'shipped>delivered')`,
  'a history that ends elsewhere than its order': (sql: Sql) => sql`
    select from orders left join order_events e on order_id = id and e.version = orders.version
    where (to_status, e.created_at) is distinct from (status, updated_at)
      or orders.version <> (select count(*) from order_events where order_id = id)`,
  'a history that begins elsewhere than its order': (sql: Sql) => sql`
    select from orders left join order_events e on order_id = id and e.version = 1
    where (actor_id, e.created_at) is distinct from (user_id, orders.created_at)`,
  'an event by nobody, or an expiry by somebody': (sql: Sql) => sql`
    select from order_events left join users on users.id = actor_id
    where (to_status = 'expired') <> (users.id is null) or (actor_id is null) <> (users.id is null)`,
  'an order that waits to be confirmed': (sql: Sql) => sql`select from orders where status = 'placed'`,
  'an order before its buyer or its product': (sql: Sql) => sql`
    select from orders join order_items on order_id = orders.id join products on products.id = product_id
      join users on users.id = user_id
    where orders.created_at < greatest(users.created_at, products.created_at)
      or products.deleted_at < orders.created_at`,
  'an event after the day that all look back from': (sql: Sql) => sql`
    select from order_events where created_at >= '2026-11-01T00:00:00Z'`,
  'an id that is no UUIDv7 of its time': (sql: Sql) => sql`
    select from (
      select id, created_at from users union all select id, created_at from products
      union all select id, created_at from orders
    ) as made
    where uuid_extract_version(id) <> 7 or uuid_extract_timestamp(id) is distinct from created_at`,
  'somebody who can log in as an admin': (sql: Sql) => sql`select from users where role = 'admin'`,
}
