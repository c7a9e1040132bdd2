/** What is kept under a key. Times are milliseconds since 1970. */
export interface Entry {
  /** The HTTP status where it is an answer, else 200. */
  readonly status: number
  readonly freshUntil: number
  /** Until then it may still be given while somebody makes a new one. */
  readonly staleUntil: number
  readonly etag: string | undefined
  /** The ids that its tags had before it was loaded. */
  readonly tagIds: readonly string[]
  readonly body: string
}

/**
 * One line before the body: form of the entry, status, fresh until, stale until, bytes of the body, ETag or `-`, ids of the
 * tags. Another form would have another number, and so be foreign to this one.
 */
const HEADER = /^1 (200|404) (\d{13}) (\d{13}) (\d{1,9}) ("[\x21\x23-\x7e]{0,200}"|-) ([\w-]+(?:,[\w-]+)*)$/
const MAX_HEADER_LENGTH = 1_000

/** The body follows as it is, and is sent as it is. */
export const writeEntry = ({ status, freshUntil, staleUntil, etag, tagIds, body }: Entry): string => {
  const length = Buffer.byteLength(body)
  return `1 ${status} ${freshUntil} ${staleUntil} ${length} ${etag ?? '-'} ${tagIds.join()}\n${body}`
}

/** @returns undefined for what is no entry of this form, or not all of one: whatever stands there, it is a miss */
export const readEntry = (text: string | null | undefined): Entry | undefined => {
  const end = text?.slice(0, MAX_HEADER_LENGTH).indexOf('\n') ?? -1
  if (!text || end < 0) return undefined
  const [, status, freshUntil, staleUntil, length, etag, ids] = HEADER.exec(text.slice(0, end)) ?? []
  if (ids === undefined) return undefined
  const body = text.slice(end + 1)
  if (Buffer.byteLength(body) !== Number(length)) return undefined
  return {
    status: Number(status),
    freshUntil: Number(freshUntil),
    staleUntil: Number(staleUntil),
    etag: etag === '-' ? undefined : etag,
    tagIds: ids.split(','),
    body,
  }
}
