/** The states of an order. `placed -> confirmed -> shipped -> delivered`, or an early end. */
export const ORDER_STATUSES = ['placed', 'confirmed', 'shipped', 'delivered', 'cancelled', 'expired'] as const
