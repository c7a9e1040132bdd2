import { z } from 'zod'
import { pageOf } from '../shared/http/envelope.js'
import { id } from '../shared/http/id.js'
import { pageQuery } from '../shared/http/pagination.js'
import { UPLOAD_STATUSES } from './uploads.status.js'
import { PUBLIC_VARIANTS, VARIANTS } from './uploads.variants.js'

const variantSchema = z.object({
  url: z.string(),
  contentType: z.string(),
  bytes: z.int(),
  width: z.int(),
  height: z.int(),
})

/** `variants` once it is ready, `failure` once it has failed. */
export const uploadSchema = z.object({
  id: z.uuid(),
  status: z.enum(UPLOAD_STATUSES),
  contentType: z.string().meta({ description: 'Of what was sent, by its first bytes' }),
  bytes: z.int(),
  failure: z.object({ code: z.string(), message: z.string() }).nullable(),
  variants: z
    .object({
      original: variantSchema,
      small: variantSchema,
      medium: variantSchema,
      large: variantSchema,
    })
    .nullable(),
  createdAt: z.iso.datetime(),
  updatedAt: z.iso.datetime(),
})

export const uploadPage = pageOf(uploadSchema)

export const uploadParams = z.strictObject({ id })
export const uploadsQuery = pageQuery
export const contentQuery = z.strictObject({ variant: z.enum(VARIANTS).default('original') })
export const mediaQuery = z.strictObject({ variant: z.enum(PUBLIC_VARIANTS).default('medium') })

/** For the document; the form is read as it comes in and never becomes a body. */
export const uploadForm = z.object({
  file: z.string().meta({ format: 'binary', description: 'JPEG, PNG, WebP or AVIF, at most 10 MiB' }),
})

export type Upload = z.infer<typeof uploadSchema>
