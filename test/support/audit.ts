import type { World } from './app.js'

export interface AuditRecord {
  readonly action: string
  readonly actor_id: string | null
  readonly subject_id: string | null
  readonly session_id: string | null
  readonly address: string | null
  readonly request_id: string | null
  readonly details: unknown
}

/** What is recorded of what was done to a user, or to nobody known, oldest first. */
export const auditOf = async ({ database }: World, subjectId: string | null): Promise<AuditRecord[]> => [
  ...(await database.sql<AuditRecord[]>`
    select * from audit_log where subject_id is not distinct from ${subjectId} order by id`),
]

export const actionsOf = async (world: World, subjectId: string | null): Promise<string[]> =>
  (await auditOf(world, subjectId)).map(({ action }) => action)
