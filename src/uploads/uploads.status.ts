/** `processing` becomes `ready` or `failed`, and nothing becomes anything else. */
export const UPLOAD_STATUSES = ['processing', 'ready', 'failed'] as const
export type UploadStatus = (typeof UPLOAD_STATUSES)[number]
