/** The public address of an image, or null without one. */
export const mediaUrl = (mediaId: string | null): string | null =>
  mediaId === null ? null : `/v1/media/${mediaId}`;
