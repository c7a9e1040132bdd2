import { ARRIVALS_BEGIN, ARRIVALS_LAST_MS, DAY_MS, instant, TODAY } from './calendar.js'
import { draw, padded, pick, uuidV7 } from './random.js'
import * as words from './words.js'

const WITHDRAWN_PERCENT = 2
const SOLD_OUT_PERCENT = 4
const MAX_STOCK = 1_000
const REMARK_PERCENT = 70
/** In whole yen for a euro: the yen has no minor unit. */
const YEN = 160

const THINGS = [...words.HARD_THINGS, ...words.SOFT_THINGS]
const isSoft = THINGS.map((_, index) => index >= words.HARD_THINGS.length)

/** What the thing of a product is, or what it costs: lists beside each other, drawn from alike. */
const ofThing = (product: string, list: readonly (string | number | boolean)[]): string =>
  pick(product, 'product: thing', list)

const thing = (product: string): string =>
  ofThing(
    product,
    THINGS.map(([name]) => name),
  )

const material = (product: string): string => `
  case when ${ofThing(product, isSoft)} then ${pick(product, 'product: soft', words.SOFT_MATERIALS)}
  else ${pick(product, 'product: hard', words.HARD_MATERIALS)} end`

const createdMs = (product: string): string =>
  `(${ARRIVALS_BEGIN} + ${draw(product, 'product: created', ARRIVALS_LAST_MS)})`

/*
 * SQL expressions for the product of a number from 1. Orders take these and not the table's columns: somebody may have
 * changed a product since, and the same numbers are to give the same orders all the same.
 */

export const productId = (product: string): string => uuidV7(createdMs(product), product, 'product: id')

export const productSku = (product: string): string => `'seed-' || ${padded(product, 5)}`

export const productName = (product: string): string =>
  `${pick(product, 'product: adjective', words.ADJECTIVES)} || ' ' || ${material(product)} || ' ' || ${thing(product)}`

/** Of twenty products in a row, the tenth costs dollars and the last one yen. */
export const productCurrency = (product: string): string =>
  `case ${product} % 20 when 10 then 'USD' when 0 then 'JPY' else 'EUR' end`

/** How many of so many products have a currency, and an SQL expression for the number of the `nth`, from 0. */
export const productsIn = {
  USD: {
    count: (products: number) => Math.floor((products + 10) / 20),
    nth: (n: string) => `${n} * 20 + 10`,
  },
  JPY: { count: (products: number) => Math.floor(products / 20), nth: (n: string) => `${n} * 20 + 20` },
  EUR: {
    count: (products: number) => products - Math.floor(products / 10),
    nth: (n: string) => `${n} + 1 + ${n} / 9`,
  },
} as const

/** In minor units: 24.99, 24.95, 24.90, 24.50. */
export const productPrice = (product: string): string => {
  const lowest = ofThing(
    product,
    THINGS.map(([, from]) => from),
  )
  const range = ofThing(
    product,
    THINGS.map(([, from, to]) => to - from + 1),
  )
  const whole = `(${lowest} + ${draw(product, 'product: price', range)})`
  return `(case when ${product} % 20 = 0 then ${whole} * ${YEN} - 20
    else ${whole} * 100 - ${pick(product, 'product: cents', [1, 1, 5, 10, 50])} end)::int`
}

const description = `'This ' || ${thing('n')} || ' is made of ' || ${material('n')} || ' and '
  || ${pick('n', 'product: virtue', words.VIRTUES)} || '.'
  || case when ${draw('n', 'product: is remarkable', 100)} < ${REMARK_PERCENT}
    then ' ' || ${pick('n', 'product: remark', words.REMARKS)} else '' end`

const stock = `case when ${draw('n', 'product: is sold out', 100)} < ${SOLD_OUT_PERCENT} then 0
  else ${draw('n', 'product: stock', MAX_STOCK + 1)} end`

/**
 * Adds the products from number $1 to $2. Says how many it added and how many it found. The withdrawn ones were so on
 * the last day, after all orders.
 */
export const INSERT_PRODUCTS = `
  with wanted as materialized (
    select n, ${productId('n')} as id, ${instant(createdMs('n'))} as created_at,
      case when ${draw('n', 'product: is withdrawn', 100)} < ${WITHDRAWN_PERCENT}
        then ${instant(`(${TODAY} - 1 - ${draw('n', 'product: withdrawn', DAY_MS)})`)} end as deleted_at
    from generate_series($1::bigint, $2::bigint) as n
  ), added as (
    insert into products
      (id, sku, name, description, price_amount, price_currency, stock, version, created_at, updated_at, deleted_at)
    select id, ${productSku('n')}, ${productName('n')}, ${description}, ${productPrice('n')}, ${productCurrency('n')},
      ${stock}, case when deleted_at is null then 1 else 2 end, created_at, coalesce(deleted_at, created_at), deleted_at
    from wanted order by id
    on conflict do nothing
    returning id
  )
  select (select count(*)::int from added) as rows,
    (select count(*)::int from wanted join products using (id)) as found`
