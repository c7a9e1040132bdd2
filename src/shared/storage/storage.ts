import type { Readable } from 'node:stream'

/** A file of this machine that is to be stored, never longer than what one upload may be. */
export interface SourceFile {
  readonly path: string
  readonly contentType: string
}

/** A stored file, ready to be read once. Whoever has it reads the stream to its end or destroys it. */
export interface StoredFile {
  readonly stream: Readable
  readonly bytes: number
}

export interface StoredEntry {
  readonly key: string
  readonly modifiedAt: Date
}

/**
 * Files under keys of the form `ab/name`, two hexadecimal digits and a name without a slash. Where they are is
 * nobody's business but this folder's. Each call has a time-out.
 */
export interface Storage {
  /** Stores a file, whole or not at all; what was there before is replaced. */
  readonly put: (key: string, file: SourceFile) => Promise<void>
  /** @returns undefined when there is no such file */
  readonly open: (key: string) => Promise<StoredFile | undefined>
  /** What is not there counts as removed. */
  readonly remove: (keys: readonly string[]) => Promise<void>
  /** Up to `limit` files in the order of their keys, from behind `after`. */
  readonly list: (after: string | undefined, limit: number) => Promise<readonly StoredEntry[]>
  /** Removes what a killed process has left half written for longer than `ms`. */
  readonly removeUnfinished: (ms: number) => Promise<void>
  readonly close: () => Promise<void>
}

/** Keys are made by this service and never by a client; the check keeps a mistake of ours inside the folder. */
export const KEY = /^[0-9a-f]{2}\/[\w-][\w.-]{0,199}$/

/** @throws Error for what is no key */
export const requireKey = (key: string): string => {
  if (!KEY.test(key)) throw new Error('this is not a key of a stored file')
  return key
}
