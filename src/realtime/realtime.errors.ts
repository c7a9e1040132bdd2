import { defineError } from '../shared/errors.js'

export const originNotAllowed = defineError(
  'origin_not_allowed',
  'forbidden',
  'Pages of this origin may not open sockets.',
)
export const tooManySockets = defineError(
  'too_many_sockets',
  'too_many',
  'You have as many open sockets as one may have: close one first.',
)
