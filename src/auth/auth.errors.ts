import { defineError } from '../shared/errors.js'

/** The same for an unknown address, a wrong password and a disabled user: nobody learns who has an account. */
export const invalidCredentials = defineError(
  'invalid_credentials',
  'unauthenticated',
  'The e-mail address or the password is wrong.',
)
/** Unknown, expired, used, or made for something else: all the same to whoever guesses. */
export const invalidOneTimeToken = defineError(
  'invalid_one_time_token',
  'invalid',
  'This token is not valid, or not any more: ask for another one.',
)
