import { z } from 'zod'
import { VARIANT_SIDES } from './limits.js'
import { IMAGE_TYPES, type ImageType } from './sniff.js'
import { UNFIT_REASONS } from './unfit.js'

/* What is said between the process that asks for a rendering and the one that does it. */

const imageFileSchema = z.object({
  path: z.string(),
  contentType: z.enum(IMAGE_TYPES),
  bytes: z.int().positive(),
  width: z.int().positive(),
  height: z.int().positive(),
})

const renderingSchema = z.object({
  original: imageFileSchema,
  variants: z.record(z.enum(Object.keys(VARIANT_SIDES) as (keyof typeof VARIANT_SIDES)[]), imageFileSchema),
})

/** A file that holds nothing but pixels, upright and in sRGB; sizes in bytes and pixels. */
export type ImageFile = Readonly<z.infer<typeof imageFileSchema>>
export type Rendering = Readonly<z.infer<typeof renderingSchema>>

export interface RenderOrder {
  readonly path: string
  readonly type: ImageType
  readonly directory: string
}

export const outcomeSchema = z.union([
  z.object({ rendering: renderingSchema }),
  z.object({ unfit: z.enum(UNFIT_REASONS) }),
])
export type RenderOutcome = z.infer<typeof outcomeSchema>
