import { and, desc, eq, isNull, like, lt, or, type SQL, sql } from 'drizzle-orm'
import type { Executor } from '../shared/database/client.js'
import { translateViolations } from '../shared/database/failures.js'
import { defineQuery, type Places, queries } from '../shared/database/statement.js'
import { mediaUrl } from '../shared/media.js'
import type { Role } from '../shared/principal.js'
import { emailTaken } from './users.errors.js'
import type { ManagedUser, Profile } from './users.schemas.js'
import { users } from './users.table.js'

export interface NewUser {
  readonly id: string
  readonly email: string
  readonly name: string
  readonly passwordHash: string
  readonly role: Role
}

/** A user with the version that its ETag names, and what the avatar is shown as. */
export type VersionedUser = ManagedUser & { readonly version: number; readonly avatarId: string | null }

export interface UsersFilter {
  readonly role?: Role | undefined
  /** How the address or the name begins. */
  readonly beginning?: string | undefined
  /** Goes on behind this user. */
  readonly after?: string | undefined
  readonly limit: number
}

export type UserChanges = Partial<
  Pick<typeof users.$inferInsert, 'name' | 'role' | 'disabledAt' | 'avatarId'>
>

/** The name that is left of a deleted user. */
const NOBODY = 'Deleted user'

const isAlive = isNull(users.deletedAt)

const columns = {
  id: users.id,
  // Not null while the user is alive (users_deleted_check), and no other is ever read.
  email: sql<string>`${users.email}`,
  emailVerified: sql<boolean>`${users.emailVerifiedAt} is not null`,
  name: users.name,
  role: users.role,
  disabled: sql<boolean>`${users.disabledAt} is not null`,
  createdAt: users.createdAt,
  updatedAt: users.updatedAt,
  version: users.version,
  avatarId: users.avatarId,
}

const profileColumns = {
  id: users.id,
  name: users.name,
  avatarId: users.avatarId,
  createdAt: users.createdAt,
}

const selectUser = defineQuery(columns, (place: Places<{ id: string }>) =>
  queries
    .select(columns)
    .from(users)
    .where(and(eq(users.id, place('id')), isAlive)),
)

const selectProfile = defineQuery(profileColumns, (place: Places<{ id: string }>) =>
  queries
    .select(profileColumns)
    .from(users)
    .where(and(eq(users.id, place('id')), isAlive)),
)

// One parameter, however many there are: the text stays the same.
const selectUsers = defineQuery(columns, (place: Places<{ ids: readonly string[] }>) =>
  queries
    .select(columns)
    .from(users)
    .where(and(sql`${users.id} = any(${place('ids')}::uuid[])`, isAlive)),
)

const toUser = (row: Omit<VersionedUser, 'avatarUrl'>): VersionedUser => ({
  ...row,
  avatarUrl: mediaUrl(row.avatarId),
})

const escapeLike = (text: string): string => text.replace(/[\\%_]/g, '\\$&')

const beginsWith = (text: string): SQL | undefined => {
  const pattern = `${escapeLike(text.toLowerCase())}%`
  return or(like(users.email, pattern), like(sql`lower(${users.name})`, pattern))
}

/** What each change that a client can see does beside. */
const touched = { version: sql`${users.version} + 1`, updatedAt: sql`now()` }

export const createUsersRepository = (executor: Executor) => ({
  /** @throws email_taken */
  insertUser: async (user: NewUser): Promise<VersionedUser> => {
    const [row] = await translateViolations({ users_email_key: () => emailTaken() }, () =>
      executor.insert(users).values(user).returning(columns),
    )
    if (!row) throw new Error('insert returned no user')
    return toUser(row)
  },

  /** Those of them that there are, in no order; at most so many as are asked for. */
  findUsers: async (ids: readonly string[]): Promise<VersionedUser[]> =>
    (await selectUsers(executor, { ids })).map(toUser),

  findUser: async (id: string): Promise<VersionedUser | undefined> => {
    const [row] = await selectUser(executor, { id })
    return row && toUser(row)
  },

  findProfile: async (id: string): Promise<Profile | undefined> => {
    const [row] = await selectProfile(executor, { id })
    if (!row) return undefined
    const { avatarId, ...profile } = row
    return { ...profile, avatarUrl: mediaUrl(avatarId) }
  },

  /** Newest first. */
  listUsers: async ({ role, beginning, after, limit }: UsersFilter): Promise<VersionedUser[]> => {
    const rows = await executor
      .select(columns)
      .from(users)
      .where(
        and(
          isAlive,
          role && eq(users.role, role),
          beginning === undefined ? undefined : beginsWith(beginning),
          after === undefined ? undefined : lt(users.id, after),
        ),
      )
      .orderBy(desc(users.id))
      .limit(limit)
    return rows.map(toUser)
  },

  /**
   * Holds the user until the transaction ends, so that what is decided by the answer still holds when it is
   * written. @returns undefined when there is none
   */
  lockUser: async (id: string): Promise<VersionedUser | undefined> => {
    const [row] = await executor
      .select(columns)
      .from(users)
      .where(and(eq(users.id, id), isAlive))
      .for('no key update')
    return row && toUser(row)
  },

  updateUser: async (id: string, changes: UserChanges): Promise<VersionedUser> => {
    const [row] = await executor
      .update(users)
      .set({ ...changes, ...touched })
      .where(and(eq(users.id, id), isAlive))
      .returning(columns)
    if (!row) throw new Error('update returned no user: it was not locked before')
    return toUser(row)
  },

  /** Keeps the row, for what belongs to it, and nothing that tells who it was. The address is free again. */
  anonymiseUser: async (id: string): Promise<void> => {
    await executor
      .update(users)
      .set({
        email: null,
        passwordHash: null,
        name: NOBODY,
        avatarId: null,
        deletedAt: sql`now()`,
        ...touched,
      })
      .where(and(eq(users.id, id), isAlive))
  },
})

export type UsersRepository = ReturnType<typeof createUsersRepository>
