import { customType } from 'drizzle-orm/pg-core'

/** Bytes, such as a hash. */
export const bytea = customType<{ data: Buffer }>({ dataType: () => 'bytea' })

/** A text as full-text search sees it. Postgres makes it from other columns; nobody reads or writes it. */
export const tsvector = customType<{ data: string }>({ dataType: () => 'tsvector' })

/** As Postgres writes it in UTC: up to six digits of a second's fraction, without zeros at their end. */
const IN_UTC = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)(?:\.(\d{1,6}))?\+00$/

/** The text that clients see, to the millisecond and not rounded, as a `Date` of it would tell. */
const toInstant = (text: string): string => {
  const [, day, time, fraction = ''] = IN_UTC.exec(text) ?? []
  return day ? `${day}T${time}.${fraction.slice(0, 3).padEnd(3, '0')}Z` : new Date(text).toISOString()
}

/**
 * A moment that is only told to clients: read as their text, since a `Date` in between costs more than all other columns of a
 * row together.
 */
export const instantText = customType<{ data: string; driverData: string }>({
  dataType: () => 'timestamp with time zone',
  fromDriver: toInstant,
})
