import { defineError } from '../shared/errors.js'

/** The same whatever is wrong with it: unknown, expired, used before, or of a session that has ended. */
export const invalidRefreshToken = defineError(
  'invalid_refresh_token',
  'unauthenticated',
  'The refresh token is not valid any more: log in again.',
)
export const sessionNotFound = defineError('session_not_found', 'not_found', 'There is no such session.')
