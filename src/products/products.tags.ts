/** Every list of products is cached by it: whatever changes one may move it in or out of any list. */
export const LISTS_TAG = 'products'

/** What a product's own page is cached by. */
export const productTag = (id: string): string => `product:${id}`

/** What shows these products. */
export const productTags = (ids: Iterable<string>): readonly string[] => [
  LISTS_TAG,
  ...[...ids].map(productTag),
]
