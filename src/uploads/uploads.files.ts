import { VARIANTS, type Variant } from './uploads.variants.js'

/** The row that a content's files belong to. */
export interface ImageRef {
  readonly id: string
  /** Of what was sent, in hexadecimal digits. */
  readonly sha256: string
}

const NAME = /^[0-9a-f]{2}\/[0-9a-f]{64}\.([0-9a-f-]{36})\.(raw|original|small|medium|large)$/

const keyOf = ({ id, sha256 }: ImageRef, name: 'raw' | Variant): string =>
  `${sha256.slice(0, 2)}/${sha256}.${id}.${name}`

/** What was sent, as it was sent. It is kept until something was made of it, and nobody is ever given it. */
export const rawKey = (image: ImageRef): string => keyOf(image, 'raw')
export const variantKey = (image: ImageRef, variant: Variant): string => keyOf(image, variant)

/** All that can be there of an image. */
export const allKeys = (image: ImageRef): string[] => [
  rawKey(image),
  ...VARIANTS.map((variant) => variantKey(image, variant)),
]

/** What a key says; undefined for a file that is not ours. */
export const readKey = (key: string): { readonly imageId: string; readonly isRaw: boolean } | undefined => {
  const [, imageId, name] = NAME.exec(key) ?? []
  return imageId === undefined ? undefined : { imageId, isRaw: name === 'raw' }
}
