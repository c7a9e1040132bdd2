import { and, eq, isNull } from 'drizzle-orm'
import type { Executor } from '../shared/database/client.js'
import { users } from './users.table.js'

const isAdmin = and(eq(users.role, 'admin'), isNull(users.deletedAt))

/** The few who may do everything, and of whom one must always be left. */
export const createAdminsRepository = (executor: Executor) => ({
  /**
   * Locks the admins who can log in, in the order of their ids, and says who they are: two who take the right
   * from each other at once do it one after the other. There are few of them; a thousand are enough to know.
   */
  lockAdmins: async (): Promise<string[]> => {
    const rows = await executor
      .select({ id: users.id })
      .from(users)
      .where(and(isAdmin, isNull(users.disabledAt)))
      .orderBy(users.id)
      .limit(1_000)
      .for('no key update')
    return rows.map(({ id }) => id)
  },

  hasAdmin: async (): Promise<boolean> => {
    const rows = await executor.select({ id: users.id }).from(users).where(isAdmin).limit(1)
    return rows.length > 0
  },
})

export type AdminsRepository = ReturnType<typeof createAdminsRepository>
