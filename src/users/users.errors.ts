import { defineError } from '../shared/errors.js'

export const emailTaken = defineError('email_taken', 'conflict', 'This e-mail address is already in use.')
export const userNotFound = defineError('user_not_found', 'not_found', 'There is no such user.')
export const lastAdmin = defineError(
  'last_admin',
  'conflict',
  'This is the last admin: make somebody else one first.',
)
