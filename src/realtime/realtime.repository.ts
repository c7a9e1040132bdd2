import { lt, sql } from 'drizzle-orm'
import type { Executor } from '../shared/database/client.js'
import { defineCommand, defineQuery, type Places, queries } from '../shared/database/statement.js'
import type { NewEvent, Reader, Reading, StoredEvent } from './realtime.events.js'
import { realtimeEvents, realtimeStreams } from './realtime.table.js'

/** Until the transaction ends nobody else gets a number of this stream. */
const lockStream = defineCommand(
  (place: Places<{ userId: string }>) => sql`
    insert into ${realtimeStreams} (user_id) values (${place('userId')}::uuid)
    on conflict (user_id) do update set user_id = excluded.user_id`,
)

/** A statement of its own behind the lock: it sees what whoever held the lock before has committed. */
const appendFresh = defineCommand(
  (place: Places<{ userId: string; events: string }>) => sql`
    with stream as (select user_id, last_number from ${realtimeStreams} where user_id = ${place('userId')}::uuid),
    fresh as (
      select stream.*, given.*, row_number() over (order by at) as behind
      from stream, json_to_recordset(${place('events')}::json)
        as given (at int, key text, type text, data jsonb, "occurredAt" timestamptz)
      where not exists (
        select from ${realtimeEvents} known where known.user_id = stream.user_id and known.key = given.key
      )
    ),
    added as (
      insert into ${realtimeEvents} (user_id, number, key, type, data, occurred_at)
      select user_id, last_number + behind, key, type, data, "occurredAt" from fresh
      returning user_id, number
    )
    update ${realtimeStreams} set last_number = (select max(number) from added)
    where user_id = (select distinct user_id from added)`,
)

const { number, type, data, occurredAt } = realtimeEvents
const heads = {
  at: sql<number>`reader.at`,
  // Wider in Postgres than a number here, but nobody gets to nine quadrillion events.
  last: sql<number>`coalesce(
    (select last_number from ${realtimeStreams} where user_id = reader.user_id), 0
  )::float8`,
}

type Asked = { readers: string; limit: number }

const buildReadings = (place: Places<Asked>) => {
  const event = queries
    .select({ number, type, data, occurredAt })
    .from(realtimeEvents)
    .where(sql`${realtimeEvents.userId} = reader.user_id and ${number} > reader.after`)
    .orderBy(number)
    .limit(place('limit'))
    .as('event')
  return queries
    .select({
      ...heads,
      number: event.number,
      type: event.type,
      data: event.data,
      occurredAt: event.occurredAt,
    })
    .from(sql`json_to_recordset(${place('readers')}::json) as reader (at int, user_id uuid, after bigint)`)
    .leftJoinLateral(event, sql`true`)
    .orderBy(sql`reader.at`, event.number)
}

const readStreams = defineQuery({ ...heads, number, type, data, occurredAt }, buildReadings)

/** Where nothing came after, all columns of the event are null. */
const eventOf = (row: { [Key in keyof StoredEvent]: StoredEvent[Key] | null }): StoredEvent | undefined => {
  const { number, type, data, occurredAt } = row
  return number === null || type === null || data === null || occurredAt === null
    ? undefined
    : { number, type, data, occurredAt }
}

export const createRealtimeRepository = (executor: Executor) => ({
  lockStream: (userId: string): Promise<void> => lockStream(executor, { userId }),

  /** Adds those that are not there, in this order. Lock the stream first. */
  appendEvents: (userId: string, events: readonly NewEvent[]): Promise<void> =>
    appendFresh(executor, { userId, events: JSON.stringify(events.map((event, at) => ({ at, ...event }))) }),

  /** @returns a reading for each reader, with up to `limit` events */
  readStreams: async (readers: readonly Reader[], limit: number): Promise<Reading[]> => {
    const asked = readers.map(({ userId, after }, at) => ({ at, user_id: userId, after }))
    const rows = await readStreams(executor, { readers: JSON.stringify(asked), limit })
    const readings = readers.map(() => ({ last: 0, events: [] as StoredEvent[] }))
    for (const { at, last, ...row } of rows) {
      const [reading, event] = [readings[at], eventOf(row)]
      if (!reading) continue
      reading.last = last
      if (event) reading.events.push(event)
    }
    return readings
  },

  /** Deletes up to `limit` events that were recorded more than `hours` ago. @returns how many it deleted */
  deleteEvents: async (hours: number, limit: number): Promise<number> => {
    const old = executor
      .select({ userId: realtimeEvents.userId, number })
      .from(realtimeEvents)
      .where(lt(realtimeEvents.createdAt, sql`now() - make_interval(hours => ${hours})`))
      .limit(limit)
    const deleted = await executor
      .delete(realtimeEvents)
      .where(sql`(${realtimeEvents.userId}, ${number}) in ${old}`)
      .returning({ number })
    return deleted.length
  },
})

export type RealtimeRepository = ReturnType<typeof createRealtimeRepository>
