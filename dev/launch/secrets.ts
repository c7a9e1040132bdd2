import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createSigningKeys } from '../keys.js'

/** The signing keys of this data directory, made on the first start: sessions outlive a restart. */
export const signingKeysIn = (dataDir: string): string => {
  const file = join(dataDir, 'jwt-keys.json')
  if (!existsSync(file)) writePrivately(file, JSON.stringify(createSigningKeys()))
  return readFileSync(file, 'utf8').trim()
}

export interface AdminPassword {
  readonly value: string
  /** Keeps it until it has been shown: a start may fail between the migration and the banner. */
  readonly keepUntilShown: () => void
  /** True when an admin was made whose password nobody has seen yet. */
  readonly isUnseen: () => boolean
  readonly forget: () => void
}

/** The password that the first admin gets: the given one, else the one of an interrupted start, else a fresh one. */
export const adminPasswordIn = (dataDir: string, given: string | undefined): AdminPassword => {
  const file = join(dataDir, 'admin-password')
  const unseen = existsSync(file) ? readFileSync(file, 'utf8').trim() : undefined
  const value = unseen ?? given ?? randomBytes(15).toString('base64url')
  return {
    value,
    keepUntilShown: () => writePrivately(file, value),
    isUnseen: () => existsSync(file),
    forget: () => rmSync(file, { force: true }),
  }
}

/** Written under another name first, so that a killed start leaves no half of it. */
const writePrivately = (file: string, text: string): void => {
  writeFileSync(`${file}.new`, `${text}\n`, { mode: 0o600 })
  renameSync(`${file}.new`, file)
}
