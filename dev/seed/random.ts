import { createHash } from 'node:crypto'

/*
 * SQL expressions that look random and are functions of a row's number and of what is drawn for it, so that the data
 * are the same in any database. `row` is an SQL expression of type bigint, `purpose` any text: two draws for one row
 * have nothing to do with each other when their purposes differ.
 *
 * The hash is that of hash partitions: pure arithmetic, the same on every platform and since Postgres 11. md5 was
 * the alternative, ten times as slow. No `power` or `ln` anywhere, for their last bit depends on the C library.
 * Hashed twice, because once hardly mixes the upper half of what small numbers give.
 */
const hash = (row: string, purpose: string): string => {
  const seed = createHash('sha256').update(purpose).digest().readBigInt64BE()
  return `hashint8extended(hashint8extended(${row}, ${seed}), ${seed})`
}

/** A whole number from 0 to `below` - 1. */
export const draw = (row: string, purpose: string, below: number | string): string =>
  `((${hash(row, purpose)} & 9223372036854775807) % ${below})`

/** A whole number from 0 to `below` - 1, where the lowest tenth comes up in two draws of five. */
export const drawLow = (row: string, purpose: string, below: number): string => {
  // 32 bits, so that no rounding reaches 1.
  const share = `((${hash(row, purpose)} & 4294967295) / 4294967296.0::float8)`
  return `floor((0.1 * ${share} + 0.9 * ${share} * ${share} * ${share}) * ${below})::bigint`
}

const literal = (value: string | number | boolean): string =>
  typeof value === 'string' ? `'${value.replaceAll("'", "''")}'` : String(value)

/** One of the list, which may name one several times to make it likelier. */
export const pick = (row: string, purpose: string, list: readonly (string | number | boolean)[]): string =>
  `(array[${list.map(literal).join(', ')}])[1 + ${draw(row, purpose, list.length)}]`

/** A UUIDv7 of that millisecond since 1970. Its other bits are unique for a row and purpose, or as good as. */
export const uuidV7 = (ms: string, row: string, purpose: string): string => {
  const hex = (bits: string): string => `lpad(to_hex(${bits}), 16, '0')`
  const noise = `${hex(hash(row, purpose))} || ${hex(hash(row, `${purpose}, more`))}`
  const digits = `left(lpad(to_hex(${ms}), 12, '0') || ${noise}, 32)`
  return `overlay(overlay(${digits} placing '7' from 13) placing '8' from 17)::uuid`
}

/** The number with leading zeros; a longer one stays as it is, where lpad alone would cut it. */
export const padded = (row: string, width: number): string =>
  `lpad(${row}::text, greatest(${width}, length(${row}::text)), '0')`
