import { lastAdmin } from './users.errors.js'

/**
 * Without an admin nobody could make another one.
 * @param admins those who can log in, locked. @throws last_admin when nobody else is left
 */
export const refuseLastAdmin = (admins: readonly string[], userId: string): void => {
  if (!admins.some((id) => id !== userId)) throw lastAdmin()
}
