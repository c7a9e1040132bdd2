import { defineError } from '../shared/errors.js'

export const productNotFound = defineError('product_not_found', 'not_found', 'There is no such product.')
export const skuTaken = defineError('sku_taken', 'conflict', 'Another product has this sku.')
export const insufficientStock = defineError(
  'insufficient_stock',
  'conflict',
  'There is not enough in stock for this order.',
)
