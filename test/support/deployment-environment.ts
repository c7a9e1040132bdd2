import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { lastOf, pairsOf, parseDockerfile } from '../../dev/image/dockerfile.js'
import { createSecretKey, createSigningKeys } from '../../dev/keys.js'
import {
  loadApiConfig,
  loadMigrateConfig,
  loadWorkerConfig,
  variablesOfProcess,
} from '../../src/shared/config.js'
import { ConfigError } from '../../src/shared/environment.js'

export type Process = keyof typeof variablesOfProcess

type Environment = Readonly<Record<string, string>>

const dockerfile = readFileSync(join(import.meta.dirname, '../../Dockerfile'), 'utf8')

/** What the image itself sets. */
export const imageEnvironment: Environment = pairsOf(
  lastOf(parseDockerfile(dockerfile).at(-1), 'ENV')?.text ?? '',
)

/** Stand-ins for what only the owner of a deployment has; each of these names is a secret. */
export const secrets: Environment = {
  DATABASE_URL: 'postgres://unnest:secret@postgres/unnest',
  DATABASE_DIRECT_URL: 'postgres://unnest:secret@postgres/unnest',
  REDIS_URL: 'redis://redis',
  QUEUE_REDIS_URL: 'redis://queues',
  JWT_PRIVATE_KEYS: JSON.stringify(createSigningKeys()),
  WEBHOOK_SECRET_KEYS: createSecretKey(),
  STORAGE_URL: 's3://key:secret@bucket.example/unnest',
  SMTP_URL: 'smtps://user:secret@mail.example',
  ADMIN_EMAIL: 'admin@example.com',
  ADMIN_PASSWORD: 'twelve characters and more',
}

const loaders = { api: loadApiConfig, worker: loadWorkerConfig, migrate: loadMigrateConfig } as const

/** What the code makes of what is given to a process, the image's own variables beside it. @throws ConfigError */
export const configOf = <P extends Process>(
  process: P,
  given: Environment,
): ReturnType<(typeof loaders)[P]> =>
  // TypeScript does not follow the key into the table.
  loaders[process]({ ...imageEnvironment, ...given }) as ReturnType<(typeof loaders)[P]>

/** What is wrong with what a process is given: what it does not read, and what it refuses. */
export const faultsOfEnvironment = (process: Process, given: Environment): string[] => {
  const known: readonly string[] = variablesOfProcess[process]
  const unknown = Object.keys(given).filter((name) => !known.includes(name))
  const faults = unknown.map((name) => `${process}: ${name} is not read`)
  try {
    configOf(process, given)
    return faults
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return [...faults, ...error.faults.map((fault) => `${process}: ${fault}`)]
  }
}
