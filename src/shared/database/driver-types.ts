import type { PostgresType } from 'postgres'

/** Of the arrays that statements are given, by the server's own numbers, which are the same everywhere. */
const ARRAY_TYPES = { int: 1007, text: 1009, uuid: 2951 }

const elementText = (element: unknown): string =>
  element === null ? 'null' : `"${String(element).replace(/[\\"]/g, '\\$&')}"`

/** Drizzle hands over columns as text already. */
const arrayText = (value: unknown): unknown =>
  Array.isArray(value) ? `{${value.map(elementText).join(',')}}` : value

const arrayOf = (oid: number): PostgresType => ({
  to: oid,
  // What is read is drizzle's to parse.
  from: [],
  parse: (text) => text,
  serialize: arrayText,
})

/**
 * Left to itself, the driver (3.4.9) asks each new connection which types are arrays, and nobody waits for the answer: where the
 * server ends the connection just then, as one does that is stopped, that ends the process; and where it says nothing
 * meanwhile, whoever asked for the connection waits for ever. So it does not ask, and is told.
 */
export const DRIVER_TYPES = {
  fetch_types: false,
  types: {
    ints: arrayOf(ARRAY_TYPES.int),
    texts: arrayOf(ARRAY_TYPES.text),
    uuids: arrayOf(ARRAY_TYPES.uuid),
  },
} as const
