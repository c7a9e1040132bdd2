import { join, resolve } from 'node:path'
import type { StoragePlace } from './storage-url.js'

export interface StorageSettings {
  readonly place: StoragePlace
  /** For files that are being received or processed. */
  readonly temporaryDirectory: string
}

/** Where files are kept: in the named place, or else in the data folder. */
export const storageSettings = (config: {
  readonly DATA_DIR: string
  readonly STORAGE_URL?: StoragePlace | undefined
}): StorageSettings => ({
  place: config.STORAGE_URL ?? { directory: resolve(config.DATA_DIR, 'uploads') },
  temporaryDirectory: join(config.DATA_DIR, 'tmp'),
})
