import { HOUR_MS, instant, MINUTE_MS, ORDERS_BEGIN, ORDERS_LAST_MS } from './calendar.js'
import { productId, productName, productPrice, productSku, productsIn } from './products.js'
import { draw, drawLow, pick, uuidV7 } from './random.js'
import type { Sizes } from './sizes.js'
import { ADMIN_ID, userId } from './users.js'

/** How many products are put into an order: 2.5 on average. The same one twice is one item. */
const BASKETS = [1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 5, 5]
const QUANTITIES = [1, 1, 1, 1, 1, 1, 1, 2, 2, 3]
/** More than in the largest basket. */
const SLOTS = 8

/** Of a thousand orders, of whatever age: cancelled before they were confirmed, cancelled after it, expired. */
const EARLY_ENDS = [30, 20, 20] as const
/** Of ten thousand, by age: the newest wait to be shipped, those before them are on their way. */
const CONFIRMED = 540
const SHIPPED = 860

/** Something that the draws of this set of orders share with no other set's: `n` counts from 1 in each. */
const setOf = ({ users, products, orders }: Sizes): string => `${users}/${products}/${orders} orders: `

/** Each order has a slot of the year, one after the other: the order of the numbers is that of time and of the ids. */
const createdMs = (set: string, { orders }: Sizes): string => {
  const slot = Math.floor(ORDERS_LAST_MS / Math.max(orders, 1))
  return `(${ORDERS_BEGIN} + (n - 1) * ${slot} + ${draw('n', `${set}created`, slot)})`
}

/**
 * Every order's way through the states. None is left placed: the worker would let it expire, for it is old, and mail
 * its buyer.
 */
const path = (set: string, { orders }: Sizes): string => {
  const early = draw('n', `${set}early end`, 1_000)
  const [unconfirmed, cancelled, expired] = EARLY_ENDS
  // In ten-thousandths, a little blurred: shipping does not go strictly by age.
  const age = `((${orders} - n) * 10000 / ${orders} + ${draw('n', `${set}age`, 200)} - 100)`
  return `
    case when ${early} < ${unconfirmed} then array['placed', 'cancelled']
      when ${early} < ${unconfirmed + cancelled} then array['placed', 'confirmed', 'cancelled']
      when ${early} < ${unconfirmed + cancelled + expired} then array['placed', 'expired']
      when ${age} < ${CONFIRMED} then array['placed', 'confirmed']
      when ${age} < ${CONFIRMED + SHIPPED} then array['placed', 'confirmed', 'shipped']
      else array['placed', 'confirmed', 'shipped', 'delivered'] end`
}

const currency = (set: string, { products }: Sizes): string => {
  const shares = { EUR: 92, USD: 5, JPY: 3 } as const
  const codes = (['EUR', 'USD', 'JPY'] as const).filter((code) => productsIn[code].count(products) > 0)
  return pick(
    'n',
    `${set}currency`,
    codes.flatMap((code) => Array.from({ length: shares[code] }, () => code)),
  )
}

/** The number of the product in that slot of an order's basket. */
const product = (set: string, { products }: Sizes): string => {
  const { USD, JPY, EUR } = productsIn
  const one = (group: typeof USD | typeof JPY | typeof EUR): string =>
    group.nth(drawLow(`(n * ${SLOTS} + slot)`, `${set}product`, group.count(products)))
  return `case currency when 'USD' then ${one(USD)} when 'JPY' then ${one(JPY)} else ${one(EUR)} end`
}

/** What the orders of a statement are, before anything is written: one row an order, and one an item. */
const drawn = (set: string, sizes: Sizes): string => `
  drawn as materialized (
    select n, ${createdMs(set, sizes)} as ms, 1 + ${drawLow('n', `${set}user`, sizes.users)} as buyer,
      ${currency(set, sizes)} as currency, ${pick('n', `${set}basket`, BASKETS)} as basket, ${path(set, sizes)} as path,
      ${MINUTE_MS} + ${draw('n', `${set}confirmed`, 24 * MINUTE_MS)} as answered_after,
      ${30 * MINUTE_MS} + ${draw('n', `${set}expired`, MINUTE_MS)} as expired_after,
      ${2 * HOUR_MS} + ${draw('n', `${set}shipped`, 18 * HOUR_MS)} as shipped_after,
      ${20 * HOUR_MS} + ${draw('n', `${set}delivered`, 100 * HOUR_MS)} as delivered_after,
      ${draw('n', `${set}cancelled by`, 10)} < 8 as is_cancelled_by_buyer
    from generate_series($1::bigint, $2::bigint) as n
  ), told as materialized (
    select *, ${uuidV7('ms', 'n', `${set}id`)} as id, ${userId('buyer')} as user_id,
      array[ms, answered, answered + shipped_after, answered + shipped_after + delivered_after] as times
    from drawn,
      lateral (select ms + case path[2] when 'expired' then expired_after else answered_after end as answered)
  ), baskets as materialized (
    select n, product, sum(quantity)::int as quantity, min(slot) as slot
    from told, lateral generate_series(1, basket) as slot, lateral (
      select ${product(set, sizes)} as product,
        ${pick(`(n * ${SLOTS} + slot)`, `${set}quantity`, QUANTITIES)} as quantity
    )
    group by n, product
  ), items as materialized (
    select n, row_number() over (partition by n order by slot) - 1 as position, product, quantity,
      ${productPrice('product')} as price
    from baskets
  )`

const ACTOR = `
  case when state = 'placed' or (state = 'cancelled' and is_cancelled_by_buyer) then user_id
    when state = 'expired' then null else ${ADMIN_ID} end`

/**
 * Adds the orders from number $1 to $2 of the set with those sizes, each with its items and its history, in one
 * statement and so in one transaction. Says how many rows it added.
 *
 * The ids depend on all three sizes: with other numbers the orders are others, which stand beside those that are there.
 * Items and events go by what was inserted, so that an order which was there keeps what it has. They can meet no
 * others, and to let the server look for some would take it half as long again.
 */
export const insertOrders = (sizes: Sizes): string => `
  with ${drawn(setOf(sizes), sizes)},
  added as (
    insert into orders (id, user_id, status, total_amount, currency, version, created_at, updated_at)
    select id, user_id, path[cardinality(path)], total, currency, cardinality(path), ${instant('ms')},
      ${instant('times[cardinality(path)]')}
    from told join (select n, sum(price::bigint * quantity) as total from items group by n) as totals using (n)
    order by id
    on conflict do nothing
    returning id
  ), added_items as (
    insert into order_items (order_id, position, product_id, sku, name, unit_price_amount, quantity)
    select id, position, ${productId('product')}, ${productSku('product')}, ${productName('product')}, price, quantity
    from items join told using (n) join added using (id) order by id, position
    returning 1
  ), added_events as (
    insert into order_events (order_id, version, actor_id, from_status, to_status, created_at)
    select id, version, ${ACTOR}, path[version - 1], state, ${instant('times[version]')}
    from told join added using (id), unnest(path) with ordinality as steps (state, version)
    order by id, version
    returning 1
  )
  select (select count(*)::int from added) as rows, (select count(*)::int from added_items) as items,
    (select count(*)::int from added_events) as events`
