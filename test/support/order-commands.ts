import fc from 'fast-check'

/** What becomes of an order by each verb of the API. */
export const TARGETS = {
  confirm: 'confirmed',
  ship: 'shipped',
  deliver: 'delivered',
  cancel: 'cancelled',
} as const

type Verb = keyof typeof TARGETS
type IfMatch = 'absent' | 'right' | 'stale'

export interface Place {
  readonly kind: 'place'
  readonly buyer: number
  readonly items: readonly { readonly product: number; readonly quantity: number }[]
}

export interface Move {
  readonly kind: 'move'
  readonly verb: Verb
  /** Counted from the first one, and round again. */
  readonly order: number
  readonly by: 'admin' | 'owner' | 'stranger'
  readonly ifMatch: IfMatch
}

export interface Expire {
  readonly kind: 'expire'
  readonly limit: number
}

export type Command = Place | Move | Expire

export const PRODUCTS = 2
export const BUYERS = 2

/** A counterexample then reads as it would be written. */
export const PLAIN = { noNullPrototype: true } as const

const place: fc.Arbitrary<Place> = fc.record(
  {
    kind: fc.constant('place'),
    buyer: fc.nat(BUYERS - 1),
    items: fc.array(
      fc.record({ product: fc.nat(PRODUCTS - 1), quantity: fc.integer({ min: 1, max: 3 }) }, PLAIN),
      {
        minLength: 1,
        maxLength: 3,
      },
    ),
  },
  PLAIN,
)

/** Few orders, so that the clients meet at them. */
const order = fc.nat(3)
/** Most often none: a condition that fails hides what comes behind it. */
const ifMatch: fc.Arbitrary<IfMatch> = fc.constantFrom('absent', 'absent', 'right', 'stale')

const advance: fc.Arbitrary<Move> = fc.record(
  {
    kind: fc.constant('move'),
    verb: fc.constantFrom('confirm', 'ship', 'deliver'),
    order,
    by: fc.constant('admin'),
    ifMatch,
  },
  PLAIN,
)

const cancel: fc.Arbitrary<Move> = fc.record(
  {
    kind: fc.constant('move'),
    verb: fc.constant('cancel'),
    order,
    by: fc.constantFrom('owner', 'owner', 'admin', 'stranger'),
    ifMatch,
  },
  PLAIN,
)

const expire: fc.Arbitrary<Expire> = fc.record(
  {
    kind: fc.constant('expire'),
    limit: fc.integer({ min: 1, max: 3 }),
  },
  PLAIN,
)

const command: fc.Arbitrary<Command> = fc.oneof(
  { weight: 3, arbitrary: place },
  { weight: 5, arbitrary: advance },
  { weight: 3, arbitrary: cancel },
  { weight: 1, arbitrary: expire },
)

/** What each of several clients does, one command after another. */
export const clients = fc.array(fc.array(command, { minLength: 1, maxLength: 8 }), {
  minLength: 2,
  maxLength: 4,
})
