import type { Principal } from '../shared/principal.js'

/** Whose orders the caller may see and cancel: his own, or everybody's for an admin. */
export const ownerFilter = ({ role, userId }: Principal): string | undefined =>
  role === 'admin' ? undefined : userId
