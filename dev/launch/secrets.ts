import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createSecretKey, createSigningKeys } from '../keys.js'

/** The signing keys of this data directory, made on the first start: sessions outlive a restart. */
export const signingKeysIn = (dataDir: string): string =>
  keptIn(dataDir, 'jwt-keys.json', () => JSON.stringify(createSigningKeys()))

/** The key that webhook secrets are encrypted with. Without it they are lost: it stays with the data. */
export const webhookKeysIn = (dataDir: string): string => keptIn(dataDir, 'webhook-keys', createSecretKey)

export interface AdminPassword {
  readonly value: string
  /** Call before the admin is made: a start may be killed at any moment until the banner is printed. */
  readonly keepUntilShown: () => void
  /** Call once it was shown. Later starts neither keep nor show a password of their own making. */
  readonly forget: () => void
  /** True when an earlier start was killed before it could show it. */
  readonly isUnseen: boolean
}

/**
 * The password that the first admin gets: the given one, else the one of an interrupted start, else a fresh
 * one. Its file is empty once it was shown.
 */
export const adminPasswordIn = (dataDir: string, given: string | undefined): AdminPassword => {
  const file = join(dataDir, 'admin-password')
  const kept = existsSync(file) ? readFileSync(file, 'utf8').trim() : undefined
  const value = kept || given || randomBytes(15).toString('base64url')
  return {
    value,
    keepUntilShown: () => {
      if (kept === undefined) writePrivately(file, value)
    },
    forget: () => writePrivately(file, ''),
    isUnseen: Boolean(kept),
  }
}

const keptIn = (dataDir: string, name: string, make: () => string): string => {
  const file = join(dataDir, name)
  if (!existsSync(file)) writePrivately(file, make())
  return readFileSync(file, 'utf8').trim()
}

/** Written under another name first, so that a killed start leaves no half of it. */
const writePrivately = (file: string, text: string): void => {
  writeFileSync(`${file}.new`, `${text}\n`, { mode: 0o600 })
  renameSync(`${file}.new`, file)
}
