import { resolve } from 'node:path'
import { StartError } from '../stack/start-error.js'

/** What the launcher itself reads; the programs read the rest of the environment on their own. */
export interface Settings {
  readonly host: string
  readonly port: number
  /** Absolute. */
  readonly dataDir: string
  readonly databaseUrl: string | undefined
  readonly redisUrl: string | undefined
  readonly jwtKeys: string | undefined
  readonly webhookKeys: string | undefined
  readonly adminEmail: string
  readonly adminPassword: string | undefined
  readonly smtpUrl: string | undefined
  /** From the polite signal to the rough one. */
  readonly graceMs: number
}

/** The programs' own limit is SHUTDOWN_GRACE_MS; they get a little longer, to say that they exceeded it. */
const EXTRA_GRACE_MS = 5_000

/** Reads the environment; an empty variable counts as absent. Throws a StartError for a wrong PORT or grace. */
export const readSettings = (environment: NodeJS.ProcessEnv): Settings => {
  const { HOST, PORT, DATA_DIR, DATABASE_URL, REDIS_URL, JWT_PRIVATE_KEYS } = environment
  const { ADMIN_EMAIL, ADMIN_PASSWORD, SMTP_URL, SHUTDOWN_GRACE_MS, WEBHOOK_SECRET_KEYS } = environment
  return {
    host: HOST || '127.0.0.1',
    port: integer('PORT', PORT || '3000', 65_535),
    dataDir: resolve(DATA_DIR || '.data'),
    databaseUrl: DATABASE_URL || undefined,
    redisUrl: REDIS_URL || undefined,
    jwtKeys: JWT_PRIVATE_KEYS || undefined,
    webhookKeys: WEBHOOK_SECRET_KEYS || undefined,
    adminEmail: ADMIN_EMAIL || 'admin@example.com',
    adminPassword: ADMIN_PASSWORD || undefined,
    smtpUrl: SMTP_URL || undefined,
    graceMs: integer('SHUTDOWN_GRACE_MS', SHUTDOWN_GRACE_MS || '25000', 3_600_000) + EXTRA_GRACE_MS,
  }
}

const integer = (name: string, text: string, maximum: number): number => {
  const value = Number(text)
  if (/^\d+$/.test(text) && value <= maximum) return value
  throw new StartError(`${name} must be an integer from 0 to ${maximum}, it is "${text}"`)
}
