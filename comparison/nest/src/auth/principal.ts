export const ROLES = ['user', 'admin'] as const;
export type Role = (typeof ROLES)[number];

/** Who is calling: made from a verified token and nothing else. */
export interface Principal {
  readonly userId: string;
  readonly sessionId: string;
  readonly role: Role;
}
