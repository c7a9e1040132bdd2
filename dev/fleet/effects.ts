import type postgres from 'postgres'
import { compareEffects, compareMails } from './figures.js'
import { until, withSql } from './limits.js'
import type { Effects, LoadOrder } from './protocol.js'
import type { Stage } from './stage.js'

/** As long as an outbox may need to be empty once all is well. */
const DRAIN_LIMIT_MS = 120_000
const LOOKS_LIMIT_MS = DRAIN_LIMIT_MS + 30_000

/** What was done, beside what clients were told. */
export interface EffectFigures {
  readonly lost: number
  readonly doubled: number
  readonly unanswered: number
  readonly wrongNames: number
  readonly mailsMissing: number
  readonly mailsRepeated: number
  readonly deadLetters: number
  readonly openJobs: number
  /** Jobs of which a try failed, whatever became of them. */
  readonly failedJobs: number
}

/** By the database's clock. */
export const timeOf = (databaseUrl: string): Promise<Date> =>
  withSql(databaseUrl, async (sql) => {
    const [row] = await sql<{ now: Date }[]>`select now()`
    return row?.now ?? new Date()
  })

const countOpen = async (sql: postgres.Sql): Promise<number> => {
  const [row] = await sql<
    { open: number }[]
  >`select count(*)::int as open from outbox where closed_at is null`
  return row?.open ?? 0
}

const jobsSince = async (sql: postgres.Sql, since: Date) => {
  const [row] = await sql<{ dead: number; failed: number }[]>`
    select count(*) filter (where closed_at is not null and failure is not null)::int as dead,
      count(*) filter (where attempts > 0)::int as failed
    from outbox where created_at >= ${since}`
  return { deadLetters: row?.dead ?? 0, failedJobs: row?.failed ?? 0 }
}

const countWrongNames = async (sql: postgres.Sql, names: Effects['names']): Promise<number> => {
  const stored = await sql<{ id: string; name: string }[]>`
    select id, name from users where id in ${sql(names.map(({ id }) => id))}`
  const nameOf = new Map(stored.map(({ id, name }) => [id, name]))
  return names.filter(({ id, possible }) => !possible.includes(nameOf.get(id) ?? '')).length
}

/**
 * Waits until the outbox is empty, or for two minutes, and compares. Only the load's own orders answer keys; each order
 * of anybody's makes a mail.
 */
export const compareWithTruth = (
  { databaseUrl, mails }: Stage,
  since: Date,
  { buyers }: LoadOrder,
  { acknowledged, unanswered, names }: Effects,
): Promise<EffectFigures> =>
  withSql(
    databaseUrl,
    async (sql) => {
      await until(async () => ((await countOpen(sql)) === 0 ? true : undefined), DRAIN_LIMIT_MS)
      const made = await sql<{ id: string; user_id: string }[]>`
        select id, user_id from orders where created_at >= ${since}`
      const loaders = new Set(buyers.map(({ id }) => id))
      const own = made.filter(({ user_id }) => loaders.has(user_id)).map(({ id }) => id)
      const sent = compareMails(made.map(({ id }) => mails.timesTaken(`send-order-confirmation-${id}`)))
      return {
        ...compareEffects(acknowledged, own),
        ...{ unanswered, mailsMissing: sent.missing, mailsRepeated: sent.repeated },
        ...(await jobsSince(sql, since)),
        wrongNames: await countWrongNames(sql, names),
        openJobs: await countOpen(sql),
      }
    },
    LOOKS_LIMIT_MS,
  )
