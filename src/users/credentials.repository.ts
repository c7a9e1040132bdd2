import { and, eq, isNull, sql } from 'drizzle-orm'
import type { Executor } from '../shared/database/client.js'
import type { Role } from '../shared/principal.js'
import { users } from './users.table.js'

/** What a log-in is checked against; it leaves this domain only towards `auth`. */
export interface Credentials {
  readonly userId: string
  readonly role: Role
  readonly passwordHash: string
}

/** Neither deleted nor disabled. */
const canLogIn = and(isNull(users.deletedAt), isNull(users.disabledAt))

const columns = {
  userId: users.id,
  role: users.role,
  // Not null while the user is alive (users_deleted_check), and no other is ever read.
  passwordHash: sql<string>`${users.passwordHash}`,
}

export const createCredentialsRepository = (executor: Executor) => ({
  findByEmail: async (email: string): Promise<Credentials | undefined> => {
    const [row] = await executor
      .select(columns)
      .from(users)
      .where(and(eq(users.email, email), canLogIn))
    return row
  },

  findById: async (userId: string): Promise<Credentials | undefined> => {
    const [row] = await executor
      .select(columns)
      .from(users)
      .where(and(eq(users.id, userId), canLogIn))
    return row
  },

  /**
   * As `findById`, and nobody changes them until the transaction ends: many may `share` that, one may `no key
   * update`, which is what a transaction takes that goes on to change them itself.
   */
  lock: async (userId: string, strength: 'share' | 'no key update'): Promise<Credentials | undefined> => {
    const [row] = await executor
      .select(columns)
      .from(users)
      .where(and(eq(users.id, userId), canLogIn))
      .for(strength)
    return row
  },

  setPasswordHash: async (userId: string, passwordHash: string): Promise<void> => {
    await executor.update(users).set({ passwordHash }).where(eq(users.id, userId))
  },

  /** A second time changes nothing. @returns whether the user is there */
  markEmailVerified: async (userId: string): Promise<boolean> => {
    const rows = await executor
      .update(users)
      .set({
        emailVerifiedAt: sql`coalesce(${users.emailVerifiedAt}, now())`,
        version: sql`${users.version} + (${users.emailVerifiedAt} is null)::int`,
        updatedAt: sql`case when ${users.emailVerifiedAt} is null then now() else ${users.updatedAt} end`,
      })
      .where(and(eq(users.id, userId), isNull(users.deletedAt)))
      .returning({ id: users.id })
    return rows.length === 1
  },
})

export type CredentialsRepository = ReturnType<typeof createCredentialsRepository>
