import { eq, sql } from 'drizzle-orm'
import type { Executor } from '../shared/database/client.js'
import { translateViolations } from '../shared/database/failures.js'
import type { Role } from '../shared/principal.js'
import { emailTaken } from './users.errors.js'
import type { Profile, User } from './users.schemas.js'
import { users } from './users.table.js'

export interface NewUser {
  readonly id: string
  readonly email: string
  readonly name: string
  readonly passwordHash: string
  readonly role: Role
}

/** What a log-in is checked against; it leaves this domain only towards `auth`. */
export interface Credentials {
  readonly userId: string
  readonly role: Role
  readonly passwordHash: string
}

type Row = typeof users.$inferSelect

const toUser = ({ id, email, name, role, createdAt, updatedAt }: Omit<Row, 'passwordHash'>): User => ({
  id,
  email,
  name,
  role,
  createdAt: createdAt.toISOString(),
  updatedAt: updatedAt.toISOString(),
})

const userColumns = {
  id: users.id,
  email: users.email,
  name: users.name,
  role: users.role,
  createdAt: users.createdAt,
  updatedAt: users.updatedAt,
}

export const createUsersRepository = (executor: Executor) => ({
  /** @throws email_taken */
  insertUser: async (user: NewUser): Promise<User> => {
    const [row] = await translateViolations({ users_email_key: () => emailTaken() }, () =>
      executor.insert(users).values(user).returning(userColumns),
    )
    if (!row) throw new Error('insert returned no user')
    return toUser(row)
  },

  findUser: async (id: string): Promise<User | undefined> => {
    const [row] = await executor.select(userColumns).from(users).where(eq(users.id, id))
    return row && toUser(row)
  },

  findProfile: async (id: string): Promise<Profile | undefined> => {
    const [row] = await executor
      .select({ id: users.id, name: users.name, createdAt: users.createdAt })
      .from(users)
      .where(eq(users.id, id))
    return row && { ...row, avatarUrl: null, createdAt: row.createdAt.toISOString() }
  },

  findCredentials: async (email: string): Promise<Credentials | undefined> => {
    const [row] = await executor
      .select({ userId: users.id, role: users.role, passwordHash: users.passwordHash })
      .from(users)
      .where(eq(users.email, email))
    return row
  },

  /** Reads the whole table at worst: called once a deployment, never by a client. */
  hasAdmin: async (): Promise<boolean> => {
    const rows = await executor.select({ one: sql`1` }).from(users).where(eq(users.role, 'admin')).limit(1)
    return rows.length > 0
  },
})

export type UsersRepository = ReturnType<typeof createUsersRepository>
