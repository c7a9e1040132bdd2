/** What a user may be. */
export const ROLES = ['user', 'admin'] as const
export type Role = (typeof ROLES)[number]

/** Who may call a route. */
export type Access = 'public' | 'signed-in' | { readonly roles: readonly [Role, ...Role[]] }

/** Who is calling: made from a verified credential and nothing else. */
export interface Principal {
  readonly userId: string
  readonly sessionId: string
  readonly role: Role
}
