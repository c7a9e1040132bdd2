/** The states of an order. `placed -> confirmed -> shipped -> delivered`, or an early end. */
export const ORDER_STATUSES = ['placed', 'confirmed', 'shipped', 'delivered', 'cancelled', 'expired'] as const

export type OrderStatus = (typeof ORDER_STATUSES)[number]

interface TransitionRule {
  readonly from: readonly OrderStatus[]
  readonly to: OrderStatus
  /** Nobody gets what was ordered: it is for sale again. */
  readonly returnsStock: boolean
}

/** All that can become of an order. Nothing else changes one. */
export const TRANSITIONS = {
  confirm: { from: ['placed'], to: 'confirmed', returnsStock: false },
  ship: { from: ['confirmed'], to: 'shipped', returnsStock: false },
  deliver: { from: ['shipped'], to: 'delivered', returnsStock: false },
  cancel: { from: ['placed', 'confirmed'], to: 'cancelled', returnsStock: true },
  expire: { from: ['placed'], to: 'expired', returnsStock: true },
} as const satisfies Readonly<Record<string, TransitionRule>>

export type Transition = keyof typeof TRANSITIONS

/** Typed loosely, for a look-up of any status. */
export const ruleOf = (transition: Transition): TransitionRule => TRANSITIONS[transition]
