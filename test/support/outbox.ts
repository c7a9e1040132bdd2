import { v7 as uuidv7 } from 'uuid'
import type { World } from './app.js'
import { unique } from './factories.js'
import { until } from './until.js'

export interface OutboxRecord {
  readonly id: string
  readonly name: string
  readonly key: string
  readonly payload: unknown
  readonly handovers: number
  readonly queue: string
  readonly round: number
  readonly attempts: number
  readonly starts: number
  readonly due_at: Date
  readonly handed_over_at: Date | null
  readonly claimed_until: Date | null
  readonly parked_at: Date | null
  readonly last_error: string | null
  readonly traceparent: string | null
  readonly closed_at: Date | null
  readonly failure: string | null
}

/** All that a test or the service wrote, but for what a worker's own schedule adds. */
export const outboxRows = ({ database }: World): Promise<OutboxRecord[]> =>
  database.sql<OutboxRecord[]>`select * from outbox where name <> 'sweep-stored-files' order by id`.then(
    (rows) => [...rows],
  )

/** Waits until nothing in the outbox is open. @returns all rows */
export const untilOutboxClosed = (world: World, limitMs?: number): Promise<OutboxRecord[]> =>
  until(
    'the outbox to be done with',
    async () => {
      const rows = await outboxRows(world)
      return rows.length > 0 && rows.every(({ closed_at }) => closed_at !== null) && rows
    },
    limitMs,
  )

/** A user without the cost of a password. */
export const insertUser = async ({ database }: World, name = 'Ada') => {
  const user = { id: uuidv7(), email: `${unique('ada')}@example.com`, name, password_hash: 'none' }
  await database.sql`insert into users ${database.sql(user)}`
  return user
}

export interface JobRow {
  readonly name?: string
  readonly version?: number
  readonly key?: string
  /** It is due at once if absent. */
  readonly dueAt?: Date
  readonly payload: Readonly<Record<string, string>>
}

/** Writes a job as a producer would, its contract unchecked. @returns the row's id */
export const insertJob = async ({ database: { sql } }: World, job: JobRow): Promise<string> => {
  const { name = 'send-welcome', version = 1, key = unique('job'), dueAt = new Date(), payload } = job
  const id = uuidv7()
  await sql`insert into outbox ${sql({ id, name, version, key, due_at: dueAt, payload: sql.json(payload) })}`
  return id
}

/** A new user's welcome, as the registration writes it. */
export const insertWelcome = async (world: World, dueAt?: Date) => {
  const { id: userId, email: to } = await insertUser(world)
  const key = `send-welcome-${userId}`
  const payload = { userId }
  const id = await insertJob(world, { key, version: 2, payload, ...(dueAt && { dueAt }) })
  return { id, key, to, payload }
}
