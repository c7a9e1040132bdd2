/** What a user may be. */
export const ROLES = ['user', 'admin'] as const
export type Role = (typeof ROLES)[number]

/** Who may call a route; an `admin-page` is for a browser, in which an admin has logged in with a form. */
export type Access = 'public' | 'signed-in' | 'admin-page' | { readonly roles: readonly [Role, ...Role[]] }

/** Who is calling: made from a verified credential and nothing else. */
export interface Principal {
  readonly userId: string
  readonly sessionId: string
  readonly role: Role
}

/**
 * How long an access token is good. Short, since it is checked without asking anybody; a session lasts by its
 * refresh token. What ends a session early is remembered for this long.
 */
export const ACCESS_TOKEN_SECONDS = 600
