import { isInt, isString, isUUID } from 'class-validator';

export const PRODUCT_SORTS = ['price', '-price', 'name', '-name', 'createdAt', '-createdAt'] as const;
export type ProductSort = (typeof PRODUCT_SORTS)[number];

/** What the last row of a page was sorted by, and its id; a list by creation needs the id alone. */
export type ProductPosition = readonly [string | number, string] | readonly [string];

/** What a sort compares before the id; each has an index. */
export const keyOf = (sort: ProductSort): string | undefined => {
  if (sort.endsWith('price')) return 'product.price_amount';
  return sort.endsWith('name') ? 'lower(product.name) collate "C"' : undefined;
};

/** Whether a cursor's values fit the sort. */
export const isPositionOf =
  (sort: ProductSort) =>
  (values: readonly unknown[]): values is ProductPosition => {
    const isKey = sort.endsWith('price') ? isInt : sort.endsWith('name') ? isString : undefined;
    if (!isKey) return values.length === 1 && isUUID(values[0]);
    return values.length === 2 && isKey(values[0]) && isUUID(values[1]);
  };
