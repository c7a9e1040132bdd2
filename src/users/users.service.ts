import type { SessionsService } from '../sessions/sessions.container.js'
import { inBatches } from '../shared/batch.js'
import type { AuditTrail } from '../shared/database/audit.js'
import { noteChanges } from '../shared/database/changes.js'
import type { Database, Executor } from '../shared/database/client.js'
import { withDeadline } from '../shared/deadline.js'
import type { Origin } from '../shared/origin.js'
import type { Principal } from '../shared/principal.js'
import { requireVersion, type VersionCheck } from '../shared/version.js'
import type { MediaService } from '../uploads/uploads.container.js'
import type { AdminsRepository } from './admins.repository.js'
import { refuseLastAdmin } from './users.admins.js'
import { userNotFound } from './users.errors.js'
import type { UsersRepository, VersionedUser } from './users.repository.js'
import type { OwnChanges, Profile } from './users.schemas.js'
import { userTags } from './users.tags.js'

/** A worker's jobs at once, as a rule; what is more makes a second query. */
const USERS_AT_ONCE = 100
const LOOK_UP_MS = 6_000

export interface UsersServiceNeeds {
  readonly database: Database
  readonly auditTrail: AuditTrail
  readonly sessionsService: SessionsService
  readonly mediaService: MediaService
  readonly repositoryOf: (executor: Executor) => UsersRepository
  readonly adminsOf: (executor: Executor) => AdminsRepository
}

export interface UsersService {
  /** @throws user_not_found */
  readonly getUser: (id: string) => Promise<VersionedUser>
  /** For work that waited: the user may be gone by then. Reads many at a time, and outside of any transaction. */
  readonly findUser: (id: string) => Promise<VersionedUser | undefined>
  /** @throws user_not_found */
  readonly getProfile: (id: string) => Promise<Profile>
  /** @throws user_not_found, precondition_failed, upload_not_found, upload_not_ready */
  readonly changeOwnRecord: (
    owner: Principal,
    changes: OwnChanges,
    expected: VersionCheck,
    origin: Origin,
  ) => Promise<VersionedUser>
  /**
   * Deletes the caller's account: the address is free again, what told who it was is gone, all sessions end.
   * Orders stay, under the id. @throws user_not_found, precondition_failed, last_admin
   */
  readonly deleteOwnAccount: (owner: Principal, expected: VersionCheck, origin: Origin) => Promise<void>
}

export const createUsersService = (needs: UsersServiceNeeds): UsersService => {
  const { database, auditTrail, sessionsService, mediaService, repositoryOf, adminsOf } = needs
  const repository = repositoryOf(database)
  const findInBatch = inBatches(USERS_AT_ONCE, async (ids: readonly string[]) => {
    const found = new Map((await inTime(repository.findUsers(ids))).map((user) => [user.id, user]))
    return ids.map((id) => found.get(id))
  })

  return {
    getUser: async (id) => orNotFound(await repository.findUser(id)),
    findUser: findInBatch,
    getProfile: async (id) => orNotFound(await repository.findProfile(id)),

    changeOwnRecord: ({ userId, sessionId }, { name, avatarUploadId }, expected, origin) =>
      database.transaction(async (transaction) => {
        const transactional = repositoryOf(transaction)
        const { version, avatarId: current } = orNotFound(await transactional.lockUser(userId))
        requireVersion(expected, version)
        const user = await transactional.updateUser(userId, {
          ...(name !== undefined && { name }),
          ...(avatarUploadId !== undefined && {
            avatarId: await mediaService.exchange(transaction, { userId, current, uploadId: avatarUploadId }),
          }),
        })
        noteChanges(userTags(userId))
        const who = { actorId: userId, subjectId: userId, sessionId }
        await auditTrail.record(transaction, { action: 'user.changed', ...who, origin })
        return user
      }),

    deleteOwnAccount: async ({ userId, sessionId }, expected, origin) => {
      await database.transaction(async (transaction) => {
        const transactional = repositoryOf(transaction)
        // Admins are locked before the user, as everywhere; others need not wait for them.
        const { role } = orNotFound(await transactional.findUser(userId))
        const admins = role === 'admin' ? await adminsOf(transaction).lockAdmins() : []
        const user = orNotFound(await transactional.lockUser(userId))
        requireVersion(expected, user.version)
        if (user.role === 'admin') refuseLastAdmin(admins, userId)
        await transactional.anonymiseUser(userId)
        await mediaService.exchange(transaction, { userId, current: user.avatarId, uploadId: null })
        await mediaService.abandonUploadsOf(transaction, userId)
        await sessionsService.endSessionsOf(transaction, userId, 'user_deleted')
        await sessionsService.forgetDevicesOf(transaction, userId)
        noteChanges(userTags(userId))
        const who = { actorId: userId, subjectId: userId, sessionId }
        await auditTrail.record(transaction, { action: 'user.deleted', ...who, origin })
      })
      await sessionsService.announceEnds()
    },
  }
}

/** One look-up that never ends would hold up all that come after it. */
const inTime = <T>(work: Promise<T>): Promise<T> => withDeadline('looking users up', LOOK_UP_MS, work)

const orNotFound = <T>(found: T | undefined): T => {
  if (found === undefined) throw userNotFound()
  return found
}
