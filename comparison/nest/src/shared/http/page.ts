import { createHash } from 'node:crypto';
import { ValidationFailedException } from './errors/problem.exception.js';

export interface Page<Item> {
  readonly data: Item[];
  readonly meta: { readonly nextCursor: string | null };
}

/** What a list was asked for, apart from where it goes on: a cursor only fits the list it came from. */
export type ListFilters = Readonly<Record<string, string | number | null>>;

/** Where a list goes on: what the last row was sorted by. */
export type Position = readonly (string | number)[];

/** The same in both services: a page of one goes on in the other. */
const checksum = (filters: ListFilters, position: Position): string =>
  createHash('sha256')
    .update(JSON.stringify([Object.entries(filters).sort(), position]))
    .digest('base64url')
    .slice(0, 12);

const encode = (filters: ListFilters, position: Position): string =>
  Buffer.from(JSON.stringify([checksum(filters, position), ...position])).toString('base64url');

const parse = (cursor: string): unknown => {
  const bytes = Buffer.from(cursor, 'base64url');
  if (bytes.toString('base64url') !== cursor) return undefined;
  try {
    return JSON.parse(bytes.toString());
  } catch {
    return undefined;
  }
};

/**
 * Reads where the page begins; undefined on the first page.
 * @throws ValidationFailedException when the cursor is damaged or was made for another list
 */
export const decodeCursor = <P extends Position>(
  filters: ListFilters,
  cursor: string | undefined,
  isPosition: (values: readonly unknown[]) => values is P,
): P | undefined => {
  if (cursor === undefined) return undefined;
  const content = parse(cursor);
  const [check, ...values]: readonly unknown[] = Array.isArray(content) ? content : [];
  if (isPosition(values) && check === checksum(filters, values)) return values;
  throw new ValidationFailedException([
    { path: 'cursor', message: 'is not a cursor of this list and these filters' },
  ]);
};

/** Makes a page from one row more than asked for: the surplus row says that there is a next page. */
export const toPage = <Row, Item>(
  filters: ListFilters,
  limit: number,
  rows: readonly Row[],
  toItem: (row: Row) => Item,
  positionOf: (row: Row) => Position,
): Page<Item> => {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  const nextCursor = rows.length > limit && last !== undefined ? encode(filters, positionOf(last)) : null;
  return { data: shown.map(toItem), meta: { nextCursor } };
};
