import { createHash } from 'node:crypto'
import { z } from 'zod'
import { validationFailed } from '../errors.js'

const MAX_LIMIT = 100
const DEFAULT_LIMIT = 20
const MAX_CURSOR_LENGTH = 500

/** The query parameters of every list; a route adds its filters with `.extend`. */
export const pageQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(MAX_LIMIT).default(DEFAULT_LIMIT),
  cursor: z.string().max(MAX_CURSOR_LENGTH).optional(),
})

export interface Page<Item> {
  readonly data: Item[]
  readonly meta: { readonly nextCursor: string | null }
}

/** What a list was asked for, apart from where it goes on: a cursor only fits the list it came from. */
export type ListFilters = Readonly<Record<string, string | number | null>>

const fingerprint = (filters: ListFilters): string =>
  createHash('sha256')
    .update(JSON.stringify(Object.entries(filters).sort()))
    .digest('base64url')
    .slice(0, 12)

const cursorContent = z.tuple([z.string(), z.uuid()])

const encodeCursor = (filters: ListFilters, lastId: string): string =>
  Buffer.from(JSON.stringify([fingerprint(filters), lastId])).toString('base64url')

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/**
 * Reads the id after which the page begins; undefined on the first page.
 * @throws validation_failed when the cursor is damaged or was made for other filters.
 */
export const decodeCursor = (filters: ListFilters, cursor: string | undefined): string | undefined => {
  if (cursor === undefined) return undefined
  const content = cursorContent.safeParse(parseJson(Buffer.from(cursor, 'base64url').toString()))
  if (!content.success || content.data[0] !== fingerprint(filters)) {
    throw validationFailed({
      facts: { errors: [{ path: 'cursor', message: 'is not a cursor of this list and these filters' }] },
    })
  }
  return content.data[1]
}

/** Makes a page from one row more than asked for: the surplus row says that there is a next page. */
export const toPage = <Item extends { id: string }>(
  filters: ListFilters,
  limit: number,
  rows: Item[],
): Page<Item> => {
  const data = rows.slice(0, limit)
  const last = data.at(-1)
  const nextCursor = rows.length > limit && last ? encodeCursor(filters, last.id) : null
  return { data, meta: { nextCursor } }
}
