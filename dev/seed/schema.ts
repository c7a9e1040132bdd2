import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import postgres from 'postgres'
import { StartError } from '../stack/start-error.js'

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))))

/**
 * Whether all migrations of this checkout have been applied; one that is newer than they are will do.
 * Rejects with a StartError when the database cannot be reached.
 */
export const isMigrated = async (url: string): Promise<boolean> => {
  try {
    const sql = postgres(url, { max: 1, connect_timeout: 10, onnotice: () => {} })
    try {
      const [table] = await sql`select to_regclass('drizzle.__drizzle_migrations') is not null as exists`
      if (table?.['exists'] !== true) return false
      const [row] = await sql`select max(created_at)::float8 as newest from drizzle.__drizzle_migrations`
      return Number(row?.['newest'] ?? 0) >= newestMigration()
    } finally {
      await sql.end({ timeout: 1 })
    }
  } catch (error) {
    throw new StartError(`The database cannot be read: ${reasonOf(error)}`)
  }
}

const newestMigration = (): number => {
  const journal: { entries: readonly { when: number }[] } = JSON.parse(
    readFileSync(join(ROOT, 'migrations', 'meta', '_journal.json'), 'utf8'),
  )
  return Math.max(...journal.entries.map(({ when }) => when))
}

/** A refused connection to a name with two addresses has a code and no message. */
const reasonOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error)
  return error.message || ('code' in error ? String(error.code) : error.name)
}
