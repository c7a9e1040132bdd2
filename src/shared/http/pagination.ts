import { createHash } from 'node:crypto'
import { z } from 'zod'
import { validationFailed } from '../errors.js'
import { wholeNumber } from '../whole-number.js'

const MAX_LIMIT = 100
const DEFAULT_LIMIT = 20
/** The longest name that a list may be sorted by fits in. */
const MAX_CURSOR_LENGTH = 2_000

/** The query parameters of every list; a route adds its filters with `.extend`. */
export const pageQuery = z.strictObject({
  // In words, since zod leaves the default of a text that becomes a number out of the document.
  limit: wholeNumber(1, MAX_LIMIT)
    .default(DEFAULT_LIMIT)
    .meta({ description: `${DEFAULT_LIMIT} if absent` }),
  cursor: z.string().max(MAX_CURSOR_LENGTH).optional(),
})

export interface Page<Item> {
  readonly data: Item[]
  readonly meta: { readonly nextCursor: string | null }
}

/** What a list was asked for, apart from where it goes on: a cursor only fits the list it came from. */
export type ListFilters = Readonly<Record<string, string | number | null>>

/** Where a list goes on: what the last row was sorted by. A list by creation needs the id alone (UUIDv7). */
export type Position = readonly (string | number)[]

const byId = z.tuple([z.uuid()])

/** Over filters and position: whoever changes a character of a cursor has none. It grants nothing, so no secret. */
const checksum = (filters: ListFilters, position: Position): string =>
  createHash('sha256')
    .update(JSON.stringify([Object.entries(filters).sort(), position]))
    .digest('base64url')
    .slice(0, 12)

const encodeCursor = (filters: ListFilters, position: Position): string =>
  Buffer.from(JSON.stringify([checksum(filters, position), ...position])).toString('base64url')

const cursorContent = z.tuple([z.string()], z.union([z.string(), z.number()]))

const parse = (cursor: string): unknown => {
  const bytes = Buffer.from(cursor, 'base64url')
  // The decoder passes over what is no base64: such a text would be a second spelling.
  if (bytes.toString('base64url') !== cursor) return undefined
  try {
    return JSON.parse(bytes.toString())
  } catch {
    return undefined
  }
}

const refuse = (): never => {
  const message = 'is not a cursor of this list and these filters'
  throw validationFailed({ facts: { errors: [{ path: 'cursor', message }] } })
}

/**
 * Reads where the page begins, in the form that `position` says; undefined on the first page.
 * @throws validation_failed when the cursor is damaged or was made for another list, other filters or another sort
 */
export const decodePosition = <P extends Position>(
  filters: ListFilters,
  cursor: string | undefined,
  position: z.ZodType<P>,
): P | undefined => {
  if (cursor === undefined) return undefined
  const content = cursorContent.safeParse(parse(cursor))
  if (!content.success) return refuse()
  const [check, ...values] = content.data
  const result = position.safeParse(values)
  return result.success && check === checksum(filters, values) ? result.data : refuse()
}

/** The same for a list by creation: the id after which the page begins. */
export const decodeCursor = (filters: ListFilters, cursor: string | undefined): string | undefined =>
  decodePosition(filters, cursor, byId)?.[0]

/**
 * Makes a page from one row more than asked for: the surplus row says that there is a next page.
 * @param positionOf what the list is sorted by, of a row
 */
export const toPage = <Item>(
  filters: ListFilters,
  limit: number,
  rows: readonly Item[],
  positionOf: (row: Item) => Position,
): Page<Item> => {
  const data = rows.slice(0, limit)
  const last = data.at(-1)
  const nextCursor =
    rows.length > limit && last !== undefined ? encodeCursor(filters, positionOf(last)) : null
  return { data, meta: { nextCursor } }
}

/** The position of a row in a list by creation. */
export const idOf = ({ id }: { readonly id: string }): Position => [id]
