import { constants } from 'node:fs'
import { access, mkdir } from 'node:fs/promises'
import { ConfigError } from '../config.js'

const reasonOf = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : 'unknown'

/**
 * Makes the data folder if it is not there: a process that cannot write to it is not to find out with its first upload or mail.
 * @throws ConfigError
 */
export const openDataFolder = async (path: string): Promise<void> => {
  try {
    await mkdir(path, { recursive: true })
    await access(path, constants.W_OK | constants.X_OK)
  } catch (error) {
    throw new ConfigError([`DATA_DIR: must be a folder that can be written to (${reasonOf(error)})`])
  }
}
