import { sql } from 'drizzle-orm'
import { outbox } from './outbox.table.js'

/** Where a row that is not closed is. The one place that says how its columns tell. */
export const stateOfOpenRow = sql`case
  when ${outbox.parkedAt} is not null then 'parked'
  when ${outbox.claimedUntil} > now() then 'active'
  when ${outbox.handedOverAt} is not null then 'queued'
  when ${outbox.dueAt} > now() then 'delayed'
  else 'waiting' end`
