import { MAX_PIXELS_TEXT } from './limits.js'

/** Each reason for which a picture is refused, as a person is told. Others keep the reasons: none changes its name. */
const SENTENCES = {
  not_an_image: 'The file is not a JPEG, PNG, WebP or AVIF picture.',
  type_mismatch: 'The file is not the kind of picture that its first bytes claim.',
  damaged: 'The picture is damaged or not complete.',
  trailing_data: 'The file goes on behind the end of the picture.',
  second_format: 'The file is a picture and something else at the same time.',
  animated: 'The picture moves: only still ones are taken.',
  too_many_pixels: `The picture is too large: ${MAX_PIXELS_TEXT}.`,
  undecodable: 'The picture could not be read within the memory that one may use.',
  took_too_long: 'The picture took too long to process.',
} as const

export type UnfitReason = keyof typeof SENTENCES

export const UNFIT_REASONS = Object.keys(SENTENCES) as readonly UnfitReason[]

export interface UnfitOptions extends ErrorOptions {
  /** The machine may have been too busy for the picture: another try may end otherwise. */
  readonly mayPass?: boolean
}

/**
 * The picture is at fault: unless it `mayPass`, another try would end the same way. The message is fit for whoever sent
 * it.
 */
export class UnfitImageError extends Error {
  override readonly name = 'UnfitImageError'
  readonly mayPass: boolean

  constructor(
    readonly reason: UnfitReason,
    { mayPass = false, ...options }: UnfitOptions = {},
  ) {
    super(SENTENCES[reason], options)
    this.mayPass = mayPass
  }
}
