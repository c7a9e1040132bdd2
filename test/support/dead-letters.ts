import { v7 as uuidv7 } from 'uuid'
import type { World } from './app.js'
import { unique } from './factories.js'

export interface DeadLetter {
  readonly queue?: string
  readonly name?: string
  readonly reason?: string
  /** How long ago it failed. */
  readonly minutes?: number
}

/** A job that was given up after eight tries. @returns its id */
export const insertDeadLetter = async ({ database: { sql } }: World, letter: DeadLetter = {}) => {
  const { queue = 'mail', name = 'send-welcome', reason = 'the mail server said no', minutes = 0 } = letter
  const id = uuidv7()
  await sql`insert into outbox (id, queue, name, version, key, payload, attempts, failure, last_error, handed_over_at,
      handovers, closed_at)
    values (${id}, ${queue}, ${name}, 1, ${unique('job')}, ${sql.json({ to: 'ada@example.com' })}, 8, ${reason}, ${reason},
      now(), 3, now() - make_interval(mins => ${minutes}))`
  return id
}

export interface JobRecord {
  readonly id: string
  readonly round: number
  readonly attempts: number
  readonly starts: number
  readonly failure: string | null
  readonly closed_at: Date | null
  readonly handed_over_at: Date | null
  readonly discarded_at: Date | null
  /** Seconds. */
  readonly due_in: number
}

export const jobRecord = async ({ database: { sql } }: World, id: string): Promise<JobRecord> => {
  const [row] = await sql<JobRecord[]>`
    select *, extract(epoch from due_at - now())::float8 as due_in from outbox where id = ${id}`
  if (!row) throw new Error(`there is no job ${id}`)
  return row
}
