import { defineError } from '../shared/errors.js'

/** Also for somebody else's order: whether it exists is not theirs to know. */
export const orderNotFound = defineError('order_not_found', 'not_found', 'There is no such order.')
/** @throws order_not_found when there is none */
export const orNotFound = <T>(found: T | undefined): T => {
  if (found === undefined) throw orderNotFound()
  return found
}

export const mixedCurrencies = defineError(
  'mixed_currencies',
  'conflict',
  'The prices of one order must be in one currency.',
)
export const invalidTransition = defineError(
  'invalid_transition',
  'conflict',
  'The order is in a state in which this cannot be done.',
)
