/**
 * The public address of an image that is shown to everybody, or null without one. Its id is random and is nothing
 * but this address: whoever knows a user, a product or an upload does not know it.
 */
export const mediaUrl = (mediaId: string | null): string | null =>
  mediaId === null ? null : `/v1/media/${mediaId}`
