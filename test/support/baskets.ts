import fc from 'fast-check'
import type { Answer } from './app.js'
import { nth } from './crowd.js'
import { PLAIN } from './order-commands.js'

export type Pieces = ReadonlyMap<string, number>

interface Line {
  readonly product: number
  readonly quantity: number
}

/** Most are on sale, then one is withdrawn, and the last was never there. */
const ON_SALE = 3
export const WITHDRAWN = ON_SALE
const UNKNOWN_ID = '00000000-0000-7000-8000-000000000000'

const line: fc.Arbitrary<Line> = fc.record(
  {
    product: fc.oneof(
      { weight: 12, arbitrary: fc.nat(ON_SALE - 1) },
      { weight: 1, arbitrary: fc.constantFrom(WITHDRAWN, WITHDRAWN + 1) },
    ),
    quantity: fc.integer({ min: 1, max: 5 }),
  },
  PLAIN,
)

/** Orders that are sent one after another, each with whatever stands in it, however often. */
export const baskets = fc.array(fc.array(line, { minLength: 1, maxLength: 5 }), {
  minLength: 1,
  maxLength: 4,
})

/** How many pieces there are of each product, the withdrawn one included. */
export const shelves = fc.array(fc.integer({ min: 0, max: 12 }), {
  minLength: ON_SALE + 1,
  maxLength: ON_SALE + 1,
})

/** A basket as it is sent. */
export const itemsOf = (basket: readonly Line[], ids: readonly string[]) =>
  basket.map(({ product, quantity }) => ({ productId: nth([...ids, UNKNOWN_ID], product), quantity }))

type Items = ReturnType<typeof itemsOf>

/** The same product twice is one with both quantities. */
export const merge = (items: Items): Pieces => {
  const pieces = new Map<string, number>()
  for (const { productId, quantity } of items) {
    pieces.set(productId, (pieces.get(productId) ?? 0) + quantity)
  }
  return pieces
}

/** What is on the shelves once these pieces are off them. */
export const reduce = (stock: Pieces, taken: Pieces): Pieces =>
  new Map([...stock].map(([id, pieces]) => [id, pieces - (taken.get(id) ?? 0)]))

/** What the service must answer, told from what is there: status, code, and which products are at fault. */
export const expectedOf = (wanted: Pieces, stock: Pieces, withdrawnId: string) => {
  const missing = [...wanted.keys()].filter((id) => id === withdrawnId || !stock.has(id)).sort()
  if (missing.length > 0) return { status: 404, code: 'product_not_found', faults: missing }
  const short = [...wanted].flatMap(([id, requested]) => {
    const available = stock.get(id) ?? 0
    return requested > available ? [`${id} ${requested} ${available}`] : []
  })
  if (short.length > 0) return { status: 409, code: 'insufficient_stock', faults: short.sort() }
  return { status: 201, code: undefined, faults: [] }
}

interface Shortage {
  readonly productId: string
  readonly requested: number
  readonly available: number
}

/** The answer in the same words. */
export const givenIn = ({ status, body }: Answer): ReturnType<typeof expectedOf> => {
  const missing: readonly string[] = body.productIds ?? []
  const short: readonly Shortage[] = body.items ?? []
  const shortages = short.map((item) => `${item.productId} ${item.requested} ${item.available}`)
  return { status, code: body.code, faults: [...missing, ...shortages].sort() }
}
