/** What is made of each image: the cleaned original and three sizes of it in WebP. */
export const VARIANTS = ['original', 'small', 'medium', 'large'] as const
export type Variant = (typeof VARIANTS)[number]

/** Those that may be shown to everybody. */
export const PUBLIC_VARIANTS = ['small', 'medium', 'large'] as const
export type PublicVariant = (typeof PUBLIC_VARIANTS)[number]

/** One stored image as it is described to clients; sizes in bytes and pixels. */
export interface StoredVariant {
  readonly contentType: string
  readonly bytes: number
  readonly width: number
  readonly height: number
}

export type StoredVariants = Readonly<Record<Variant, StoredVariant>>

/** 10 MiB: the largest file that is taken. */
export const MAX_UPLOAD_BYTES = 10 * 1_024 * 1_024

/** What is taken, by its first bytes. The cleaned original keeps its type. */
export { IMAGE_TYPES, type ImageType } from './images/sniff.js'
