import type { ImageType } from './sniff.js'

const MEGAPIXEL = 1_000_000

/**
 * Pixels that are decoded at most. An AVIF is never decoded in part: at 40 megapixels libheif took 780 MB for it, and
 * five seconds each time.
 */
export const MAX_PIXELS: Readonly<Record<ImageType, number>> = {
  'image/jpeg': 40 * MEGAPIXEL,
  'image/png': 40 * MEGAPIXEL,
  'image/webp': 40 * MEGAPIXEL,
  'image/avif': 16 * MEGAPIXEL,
}
export const MAX_PIXELS_TEXT = 'at most 40 megapixels, and 16 as AVIF'

/** Longest side of the cleaned original in pixels; one that is larger is made smaller. */
export const ORIGINAL_SIDE: Readonly<Record<ImageType, number>> = {
  'image/jpeg': 4_096,
  'image/png': 4_096,
  'image/webp': 4_096,
  // At its fastest its encoder took 11 s and 1.4 GB for 40 megapixels.
  'image/avif': 2_560,
}

/** Longest sides of the variants in pixels. */
export const VARIANT_SIDES = { large: 1_600, medium: 640, small: 160 } as const

/** What one renderer may take. */
export interface RenderLimits {
  /** From its start to its end, however busy the machine is. */
  readonly milliseconds: number
  /** Of a core. It ends a renderer whose parent is stopped, too. */
  readonly cpuSeconds: number
}
/** The costliest pictures that are accepted took 11 s of a core. */
export const RENDER_LIMITS: RenderLimits = { milliseconds: 60_000, cpuSeconds: 30 }
/** What a renderer may allocate. The costliest pictures above took 0.6 GB. */
export const RENDER_MEMORY_KIB = 1_048_576
