import { defineError } from '../shared/errors.js'

/** The same for an unknown address and a wrong password: nobody learns who has an account. */
export const invalidCredentials = defineError(
  'invalid_credentials',
  'unauthenticated',
  'The e-mail address or the password is wrong.',
)
