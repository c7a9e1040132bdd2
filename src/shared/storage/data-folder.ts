import { constants } from 'node:fs'
import { access, mkdir } from 'node:fs/promises'
import { ConfigError } from '../environment.js'
import type { StoragePlace } from './storage-url.js'

const reasonOf = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : 'unknown'

const openFolder = async (variable: string, path: string): Promise<void> => {
  try {
    await mkdir(path, { recursive: true })
    await access(path, constants.W_OK | constants.X_OK)
  } catch (error) {
    throw new ConfigError([`${variable}: must be a folder that can be written to (${reasonOf(error)})`])
  }
}

/**
 * Makes the data folder and that of the storage if they are not there: a process that cannot write to them is not to find out
 * with its first upload or mail.
 * @throws ConfigError
 */
export const openDataFolders = async (config: {
  readonly DATA_DIR: string
  readonly STORAGE_URL?: StoragePlace | undefined
}): Promise<void> => {
  await openFolder('DATA_DIR', config.DATA_DIR)
  const { STORAGE_URL: place } = config
  if (place && 'directory' in place) await openFolder('STORAGE_URL', place.directory)
}
