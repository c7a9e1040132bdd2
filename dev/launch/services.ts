import { join } from 'node:path'
import { ensureDatabase } from '../stack/databases.js'
import { startPostgres } from '../stack/postgres.js'
import { startRedis } from '../stack/redis.js'
import type { Session } from './session.js'
import type { Settings } from './settings.js'

export interface ServiceUrls {
  readonly databaseUrl: string
  readonly redisUrl: string
}

/** Of ours, on our own server. */
export const DATABASE = 'unnest'
export const postgresDir = (dataDir: string): string => join(dataDir, 'postgres')

/** Starts what no URL was given for. */
export const startServices = async (settings: Settings, session: Session): Promise<ServiceUrls> => {
  const [databaseUrl, redisUrl] = await Promise.all([
    settings.databaseUrl ?? ownPostgres(settings, session),
    settings.redisUrl ?? ownRedis(settings, session),
  ])
  return { databaseUrl, redisUrl }
}

export const ownPostgres = async (
  { dataDir }: Pick<Settings, 'dataDir'>,
  { ledger, watch }: Pick<Session, 'ledger' | 'watch'>,
): Promise<string> => {
  const postgres = await startPostgres({ dir: postgresDir(dataDir), durable: true, ledger })
  watch('Postgres', postgres.ended)
  console.log(`Postgres on 127.0.0.1:${postgres.port}`)
  return ensureDatabase(postgres.url, DATABASE)
}

const ownRedis = async ({ dataDir }: Settings, { ledger, watch }: Session): Promise<string> => {
  const redis = await startRedis({ dir: join(dataDir, 'redis'), durable: true, ledger })
  watch('Redis', redis.ended)
  console.log(`Redis on 127.0.0.1:${redis.port}`)
  return redis.url
}
