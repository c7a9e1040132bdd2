/** The version that an answer's ETag names. */
export const versionIn = (headers: Headers): number => Number(headers.get('etag')?.slice(1, -1))
