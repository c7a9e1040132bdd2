import { fileURLToPath } from 'node:url'
import { createAccountsContainer } from './container.js'
import { boot } from './shared/boot.js'
import { loadMigrateConfig, type MigrateConfig } from './shared/config.js'
import { connectDatabase } from './shared/database/client.js'
import { migrateDatabase } from './shared/database/migrator.js'
import { ConfigError } from './shared/environment.js'
import { DomainError } from './shared/errors.js'
import { createLogger } from './shared/telemetry/logger.js'

/** Beside `src/` in the repository and beside `dist/` in the image. */
const MIGRATIONS = fileURLToPath(new URL('../migrations', import.meta.url))

/** @returns whether it made the first admin; never without ADMIN_EMAIL. */
const ensureFirstAdmin = async (config: MigrateConfig, url: string): Promise<boolean> => {
  const { ADMIN_EMAIL: email, ADMIN_PASSWORD: password } = config
  if (email === undefined || password === undefined) return false
  const { database, close } = connectDatabase({
    url,
    poolMax: 1,
    applicationName: 'unnest-migrate',
  })
  try {
    return await createAccountsContainer({ database }).cradle.authService.ensureFirstAdmin({
      email,
      password,
    })
  } catch (error) {
    if (!(error instanceof DomainError)) throw error
    throw new ConfigError([
      `ADMIN_EMAIL: there is no admin yet, and this one cannot be made: ${error.message}`,
    ])
  } finally {
    await close()
  }
}

await boot(async () => {
  const config = loadMigrateConfig(process.env)
  const logger = createLogger({ level: config.LOG_LEVEL, process: 'migrate' })
  // Its lock belongs to a session, which PgBouncer in transaction mode does not keep.
  const url = config.DATABASE_DIRECT_URL ?? config.DATABASE_URL
  const adminCreated = await migrateDatabase(url, MIGRATIONS, () => ensureFirstAdmin(config, url))
  logger.info({ adminCreated }, 'database ready')
})
