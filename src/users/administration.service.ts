import type { SessionsService } from '../sessions/sessions.container.js'
import type { AuditAction, AuditTrail } from '../shared/database/audit.js'
import { noteChanges } from '../shared/database/changes.js'
import type { Database, Executor, Transaction } from '../shared/database/client.js'
import { forbidden } from '../shared/errors.js'
import type { Origin } from '../shared/origin.js'
import type { Principal } from '../shared/principal.js'
import { requireVersion, type VersionCheck } from '../shared/version.js'
import type { AdminsRepository } from './admins.repository.js'
import { refuseLastAdmin } from './users.admins.js'
import { userNotFound } from './users.errors.js'
import type { UserChanges, UsersRepository, VersionedUser } from './users.repository.js'
import type { ManagedChanges } from './users.schemas.js'
import { userTags } from './users.tags.js'

export interface AdministrationServiceNeeds {
  readonly database: Database
  readonly auditTrail: AuditTrail
  readonly sessionsService: SessionsService
  readonly repositoryOf: (executor: Executor) => UsersRepository
  readonly adminsOf: (executor: Executor) => AdminsRepository
}

export interface AdministrationService {
  readonly listUsers: UsersRepository['listUsers']
  /**
   * Gives and takes the admin's role, disables and enables. The user's sessions end with each of these but
   * enabling: a token names the role that it was made with.
   * @throws user_not_found, precondition_failed, last_admin
   */
  readonly changeUser: (
    admin: Principal,
    id: string,
    changes: ManagedChanges,
    expected: VersionCheck,
    origin: Origin,
  ) => Promise<VersionedUser>
}

/** What is to be written, and recorded; what is so already is neither. */
const plan = (user: VersionedUser, { role, disabled }: ManagedChanges) => {
  const newRole = role !== undefined && role !== user.role ? role : undefined
  const newDisabled = disabled !== undefined && disabled !== user.disabled ? disabled : undefined
  const changes: UserChanges = {
    ...(newRole !== undefined && { role: newRole }),
    ...(newDisabled !== undefined && { disabledAt: newDisabled ? new Date() : null }),
  }
  const actions: AuditAction[] = [
    ...(newRole !== undefined ? (['user.role_changed'] as const) : []),
    ...(newDisabled === true ? (['user.disabled'] as const) : []),
    ...(newDisabled === false ? (['user.enabled'] as const) : []),
  ]
  const takesAdmin = user.role === 'admin' && (newRole === 'user' || newDisabled === true)
  const endReason =
    newDisabled === true ? 'user_disabled' : newRole !== undefined ? 'role_changed' : undefined
  return { changes, actions, takesAdmin, endReason } as const
}

export const createAdministrationService = (needs: AdministrationServiceNeeds): AdministrationService => {
  const { database, auditTrail, sessionsService, repositoryOf, adminsOf } = needs

  const carryOut = async (
    transaction: Transaction,
    admin: Principal,
    user: VersionedUser,
    { changes, actions, endReason }: ReturnType<typeof plan>,
    origin: Origin,
  ): Promise<VersionedUser> => {
    const changed = await repositoryOf(transaction).updateUser(user.id, changes)
    if (endReason) await sessionsService.endSessionsOf(transaction, user.id, endReason)
    const who = { actorId: admin.userId, subjectId: user.id, sessionId: admin.sessionId }
    for (const action of actions) {
      const details = action === 'user.role_changed' ? { from: user.role, to: changed.role } : {}
      await auditTrail.record(transaction, { action, ...who, origin, details })
    }
    return changed
  }

  return {
    listUsers: repositoryOf(database).listUsers,

    changeUser: async (admin, id, wanted, expected, origin) => {
      let ended = false
      const user = await database.transaction(async (transaction) => {
        const transactional = repositoryOf(transaction)
        const admins = await adminsOf(transaction).lockAdmins()
        // A token may outlive the right by a moment: long enough to take the right back with it.
        if (!admins.includes(admin.userId)) throw forbidden()
        const current = await transactional.lockUser(id)
        if (!current) throw userNotFound()
        requireVersion(expected, current.version)
        // Whatever comes of it: another pod may have made this very change, and have died before it was told.
        noteChanges(userTags(id))
        const planned = plan(current, wanted)
        if (planned.takesAdmin) refuseLastAdmin(admins, id)
        if (planned.actions.length === 0) return current
        ended = planned.endReason !== undefined
        return carryOut(transaction, admin, current, planned, origin)
      })
      if (ended) await sessionsService.announceEnds()
      return user
    },
  }
}
