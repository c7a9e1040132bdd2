import { defineError } from '../shared/errors.js'

/** Also for somebody else's upload: whether it exists is not theirs to know. */
export const uploadNotFound = defineError('upload_not_found', 'not_found', 'There is no such upload.')
export const mediaNotFound = defineError('media_not_found', 'not_found', 'There is no such image.')
export const uploadNotReady = defineError(
  'upload_not_ready',
  'conflict',
  'The upload is still being processed, or it has failed.',
)
export const uploadInUse = defineError(
  'upload_in_use',
  'conflict',
  'The upload is shown as an avatar or with a product: take it off there first.',
)
export const unsupportedImage = defineError(
  'unsupported_image',
  'invalid',
  'The file is not a JPEG, PNG, WebP or AVIF.',
)

/** The row of a content was deleted between its claim and its use; for the service, which claims it anew. */
export class ImageGoneError extends Error {
  override readonly name = 'ImageGoneError'
}

/** @throws upload_not_found when there is none */
export const orNotFound = <T>(found: T | undefined): T => {
  if (found === undefined) throw uploadNotFound()
  return found
}
