import { customType } from 'drizzle-orm/pg-core'

/** Bytes, such as a hash. */
export const bytea = customType<{ data: Buffer }>({ dataType: () => 'bytea' })

/** A text as full-text search sees it. Postgres makes it from other columns; nobody reads or writes it. */
export const tsvector = customType<{ data: string }>({ dataType: () => 'tsvector' })
