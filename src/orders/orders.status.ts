/** The states of an order. `placed -> confirmed -> shipped -> delivered`, or an early end. */
export const ORDER_STATUSES = ['placed', 'confirmed', 'shipped', 'delivered', 'cancelled', 'expired'] as const

export type OrderStatus = (typeof ORDER_STATUSES)[number]

interface TransitionRule {
  readonly from: readonly OrderStatus[]
  readonly to: OrderStatus
  /** Nobody gets what was ordered: it is for sale again. */
  readonly returnsStock: boolean
}

export type Transition = 'confirm' | 'ship' | 'deliver' | 'cancel' | 'expire'

/** All that can become of an order. Nothing else changes one. */
export const TRANSITIONS: Readonly<Record<Transition, TransitionRule>> = {
  confirm: { from: ['placed'], to: 'confirmed', returnsStock: false },
  ship: { from: ['confirmed'], to: 'shipped', returnsStock: false },
  deliver: { from: ['shipped'], to: 'delivered', returnsStock: false },
  cancel: { from: ['placed', 'confirmed'], to: 'cancelled', returnsStock: true },
  expire: { from: ['placed'], to: 'expired', returnsStock: true },
}
