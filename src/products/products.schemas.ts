import { z } from 'zod'
import { pageOf } from '../shared/http/envelope.js'
import { id } from '../shared/http/id.js'
import { money, price } from '../shared/http/money.js'
import { line, paragraphs } from '../shared/http/text.js'

const MAX_STOCK = 1_000_000_000

export const newProductBody = z.strictObject({
  sku: z.string().regex(/^[\w.-]{1,64}$/, 'must be 1 to 64 letters, digits, ., - or _'),
  name: line(1, 200),
  description: paragraphs(10_000).default(''),
  price,
  stock: z.int().min(0).max(MAX_STOCK),
})

export const productSchema = z.object({
  id: z.uuid(),
  sku: z.string(),
  name: z.string(),
  description: z.string(),
  price: money,
  stock: z.int(),
  createdAt: z.iso.datetime(),
  updatedAt: z.iso.datetime(),
})

export const productPage = pageOf(productSchema)

export const productParams = z.strictObject({ id })

export type NewProduct = z.infer<typeof newProductBody>
export type Product = z.infer<typeof productSchema>
