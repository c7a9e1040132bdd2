/** What the list can be sorted by; `-` is descending. */
export const PRODUCT_SORTS = ['price', '-price', 'name', '-name', 'createdAt', '-createdAt'] as const

export type ProductSort = (typeof PRODUCT_SORTS)[number]

/** What the last row of a page was sorted by, and its id. A list by creation needs the id alone. */
export type ProductPosition = readonly [string | number, string] | readonly [string]
