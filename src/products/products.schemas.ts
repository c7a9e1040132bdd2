import { z } from 'zod'
import { pageOf } from '../shared/http/envelope.js'
import { id } from '../shared/http/id.js'
import { MAX_AMOUNT, money, price } from '../shared/http/money.js'
import { pageQuery } from '../shared/http/pagination.js'
import { line, paragraphs } from '../shared/http/text.js'
import { wholeNumber } from '../shared/whole-number.js'
import { PRODUCT_SORTS, type ProductPosition, type ProductSort } from './products.sorts.js'

const MAX_STOCK = 1_000_000_000
const MAX_SEARCH_LENGTH = 100

const sku = z.string().regex(/^[\w.-]{1,64}$/, 'must be 1 to 64 letters, digits, ., - or _')
const name = line(1, 200)
const description = paragraphs(10_000)
const stock = z.int().min(0).max(MAX_STOCK)

const imageUploadId = id.nullable().optional().meta({ description: 'An upload of one’s own that is ready' })

export const newProductBody = z.strictObject({
  sku,
  name,
  description: description.default(''),
  price,
  stock,
  imageUploadId,
})

export const productChangesBody = z
  .strictObject({ sku, name, description, price, stock, imageUploadId })
  .partial()
  .refine((changes) => Object.keys(changes).length > 0, { error: 'must name something to change' })

export const productSchema = z.object({
  id: z.uuid(),
  sku: z.string(),
  name: z.string(),
  description: z.string(),
  price: money,
  stock: z.int(),
  imageUrl: z.string().nullable(),
  createdAt: z.iso.datetime(),
  updatedAt: z.iso.datetime(),
})

export const productPage = pageOf(productSchema)

export const productParams = z.strictObject({ id })

const amount = wholeNumber(0, MAX_AMOUNT)

/** Each dash may be a "not", and Postgres gives up on more than 32 of them inside each other. */
const MAX_DASHES = 20
const hasFewDashes = (text: string): boolean => text.split('-').length - 1 <= MAX_DASHES

export const productsQuery = pageQuery
  .extend({
    q: line(1, MAX_SEARCH_LENGTH)
      .refine(hasFewDashes, `must have at most ${MAX_DASHES} dashes`)
      .optional()
      .meta({ description: 'Words of the name or the description; "a phrase", or, -not' }),
    minPrice: amount.optional().meta({ description: 'Minor units, whatever the currency' }),
    maxPrice: amount.optional(),
    sort: z.enum(PRODUCT_SORTS).default('-createdAt'),
  })
  .refine(({ minPrice = 0, maxPrice = MAX_AMOUNT }) => minPrice <= maxPrice, {
    error: 'must not be below minPrice',
    path: ['maxPrice'],
  })

const byPrice = z.tuple([z.int32(), z.uuid()])
const byName = z.tuple([name, z.uuid()])
const byCreation = z.tuple([z.uuid()])

/** Where each sort goes on. */
export const productPositions: Readonly<Record<ProductSort, z.ZodType<ProductPosition>>> = {
  price: byPrice,
  '-price': byPrice,
  name: byName,
  '-name': byName,
  createdAt: byCreation,
  '-createdAt': byCreation,
}

export type NewProduct = z.infer<typeof newProductBody>
export type ProductChanges = z.infer<typeof productChangesBody>
export type Product = z.infer<typeof productSchema>
/** A product as orders see it. */
export type Article = Pick<Product, 'id' | 'sku' | 'name' | 'price' | 'stock'>
