/** How much there is to be. */
export interface Sizes {
  readonly users: number
  readonly products: number
  readonly orders: number
}

export const DEFAULT_SIZES: Sizes = { users: 1_000, products: 200, orders: 10_000 }
export const MAX_SIZES: Sizes = { users: 1_000_000, products: 100_000, orders: 10_000_000 }
/** Orders of several different products need some to choose from. */
export const MIN_PRODUCTS_TO_ORDER = 10

/** What is wrong with the sizes, and what is right; undefined when they are. */
export const faultOfSizes = (sizes: Sizes): string | undefined => {
  const minima = { users: 1, products: sizes.orders > 0 ? MIN_PRODUCTS_TO_ORDER : 0, orders: 0 }
  for (const name of ['users', 'products', 'orders'] as const) {
    const [size, minimum, maximum] = [sizes[name], minima[name], MAX_SIZES[name]]
    if (Number.isInteger(size) && size >= minimum && size <= maximum) continue
    const because = name === 'products' && minimum > 0 ? ' where there are orders' : ''
    return `${name} must be a whole number from ${minimum} to ${maximum}${because}`
  }
  return undefined
}
