/** What is kept under a key. Times are milliseconds since 1970. */
export interface Entry {
  /** The HTTP status where it is an answer, else 200. */
  readonly status: number
  readonly freshUntil: number
  /** Until then it may still be given while somebody makes a new one. */
  readonly staleUntil: number
  readonly etag: string | undefined
  /** The ids that its tags had before it was loaded, with commas between. */
  readonly tagIds: string
  readonly body: string
}

/** Above the largest list of the house, a page of 100; what has more is not kept. */
export const MAX_TAGS = 128

/**
 * One line before the body: form of the entry, status, fresh until, stale until, length of the body, ETag or `-`, ids of the
 * tags. Another form would have another number, and so be foreign to this one. The length is that of the text, not of its bytes:
 * JSON ends with a character of one byte, so that whatever is cut off or added changes it.
 */
const HEADER = /^2 (200|404) (\d{13}) (\d{13}) (\d{1,9}) ("[\x21\x23-\x7e]{0,200}"|-) ([\w-]+(?:,[\w-]+)*)$/
/** Of `MAX_TAGS` ids of 12 characters, and all else. */
const MAX_HEADER_LENGTH = 2_000

/** The body follows as it is, and is sent as it is. */
export const writeEntry = ({ status, freshUntil, staleUntil, etag, tagIds, body }: Entry): string =>
  `2 ${status} ${freshUntil} ${staleUntil} ${body.length} ${etag ?? '-'} ${tagIds}\n${body}`

/** @returns undefined for what is no entry of this form, or not all of one: whatever stands there, it is a miss */
export const readEntry = (text: string): Entry | undefined => {
  const end = text.indexOf('\n')
  if (end < 0 || end > MAX_HEADER_LENGTH) return undefined
  const [, status, freshUntil, staleUntil, length, etag, tagIds] = HEADER.exec(text.slice(0, end)) ?? []
  if (tagIds === undefined || text.length - end - 1 !== Number(length)) return undefined
  return {
    status: Number(status),
    freshUntil: Number(freshUntil),
    staleUntil: Number(staleUntil),
    etag: etag === '-' ? undefined : etag,
    tagIds,
    body: text.slice(end + 1),
  }
}
