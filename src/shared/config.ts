import { z } from 'zod'
import {
  appUrl,
  collectorHeaders,
  collectorUrl,
  concurrency,
  host,
  limit,
  listOf,
  lockTime,
  mailbox,
  milliseconds,
  origins,
  port,
  postgresUrl,
  proxies,
  redisUrl,
  share,
  smtpUrl,
  trueOrFalse,
} from './config-values.js'
import { readEnvironment } from './environment.js'
import { jwkSet } from './jwk-set.js'
import { secretKeys } from './secret-keys.js'
import { storageUrl } from './storage/storage-url.js'
import { wholeNumber } from './whole-number.js'

const processShape = {
  NODE_ENV: z.enum(['production', 'development', 'test']).default('development'),
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
}

const processes = wholeNumber(1, 1_000).default(1)
const poolMax = wholeNumber(1, 100)

const databaseShape = {
  DATABASE_URL: postgresUrl,
  DATABASE_POOL_MAX: poolMax.default(10),
  /** Both kinds of process read it, so that each knows the sum of all connections. */
  DATABASE_WORKER_POOL_MAX: poolMax.optional(),
  DATABASE_CONNECTION_LIMIT: wholeNumber(1, 100_000).optional(),
  DATABASE_PGBOUNCER: trueOrFalse(false),
  EXPECTED_PODS: processes,
  EXPECTED_WORKERS: processes,
}

const redisShape = {
  REDIS_URL: redisUrl,
  /** A name for everything this deployment keeps in Redis; two deployments may then share one server. */
  REDIS_PREFIX: z
    .string()
    .regex(/^[\w-]{1,40}$/, 'must be 1 to 40 letters, digits, - or _')
    .default('unnest'),
}

const storageShape = {
  DATA_DIR: z.string().min(1).default('.data'),
  STORAGE_URL: storageUrl.optional(),
}

const tracingShape = {
  OTEL_EXPORTER_OTLP_ENDPOINT: collectorUrl.optional(),
  OTEL_EXPORTER_OTLP_HEADERS: collectorHeaders.optional(),
  OTEL_TRACES_SAMPLER_ARG: share.default(1),
}

const isLimitKnown = (env: {
  readonly DATABASE_PGBOUNCER: boolean
  readonly DATABASE_CONNECTION_LIMIT?: number | undefined
}): boolean => !env.DATABASE_PGBOUNCER || env.DATABASE_CONNECTION_LIMIT !== undefined

const LIMIT_FAULT = {
  error: 'is required with DATABASE_PGBOUNCER: the server does not know how many connections that takes',
  path: ['DATABASE_CONNECTION_LIMIT'],
  // Beside other faults too: all are told at once.
  when: () => true,
}

/** The API makes secrets and judges URLs; the worker signs with them and calls those. */
const webhookShape = {
  WEBHOOK_SECRET_KEYS: secretKeys,
  WEBHOOK_ALLOW_PRIVATE: trueOrFalse(false),
}

/** A worker's grace is longer than a try of most jobs: what is in hand is finished, and not begun again elsewhere. */
const API_GRACE_MS = 10_000
const WORKER_GRACE_MS = 25_000

const apiShape = {
  ...processShape,
  ...databaseShape,
  ...redisShape,
  ...storageShape,
  ...webhookShape,
  ...tracingShape,
  SHUTDOWN_GRACE_MS: milliseconds.default(API_GRACE_MS),
  PORT: port.default(3000),
  HOST: host,
  METRICS_PORT: port.default(9464),
  JWT_PRIVATE_KEYS: jwkSet,
  CACHE_ENABLED: trueOrFalse(true),
  CACHE_TTL_SECONDS: wholeNumber(1, 86_400).default(60),
  TRUST_PROXY: proxies,
  PASSWORD_HASHES_AT_ONCE: wholeNumber(1, 64).default(1),
  RATE_LIMIT_PER_MINUTE: limit(1_000),
  RATE_LIMIT_LOGINS_PER_ACCOUNT: limit(10),
  RATE_LIMIT_LOGINS_PER_ADDRESS: limit(100),
  RATE_LIMIT_ACCOUNT_CHANGES: limit(20),
  RATE_LIMIT_UPLOADS: limit(100),
  UPLOAD_TIMEOUT_MS: wholeNumber(100, 30_000).default(30_000),
  RATE_LIMIT_WEBHOOK_SENDS: limit(30),
  REALTIME_ORIGINS: origins,
  REALTIME_SOCKETS_PER_USER: wholeNumber(1, 1_000).default(10),
  REALTIME_SOCKETS_PER_POD: wholeNumber(1, 100_000).default(10_000),
  READINESS_DRAIN_MS: milliseconds.default(0),
}
const apiSchema = z.object(apiShape).refine(isLimitKnown, LIMIT_FAULT)

const workerSchema = z
  .object({
    ...processShape,
    ...databaseShape,
    DATABASE_DIRECT_URL: postgresUrl.optional(),
    ...redisShape,
    ...storageShape,
    ...webhookShape,
    ...tracingShape,
    SHUTDOWN_GRACE_MS: milliseconds.default(WORKER_GRACE_MS),
    QUEUE_REDIS_URL: redisUrl.optional(),
    SMTP_URL: smtpUrl.optional(),
    APP_URL: appUrl.optional(),
    MAIL_FROM: mailbox.default('Unnest <no-reply@unnest.example>'),
    WORKER_QUEUES: z.string().default('').transform(listOf),
    WORKER_CONCURRENCY: concurrency,
    WORKER_STUCK_AFTER_MS: wholeNumber(1_000, 3_600_000).default(120_000),
    REDIS_EVICTION_CHECK: z.enum(['on', 'off']).default('on'),
    HOST: host,
    METRICS_PORT: port.default(9465),
    LOCK_TTL_MS: lockTime.default(10_000),
    ORDER_TTL_MINUTES: wholeNumber(1, 525_600).default(30),
  })
  .refine(isLimitKnown, LIMIT_FAULT)
  .refine((env) => !env.DATABASE_PGBOUNCER || env.DATABASE_DIRECT_URL !== undefined, {
    error: 'is required with DATABASE_PGBOUNCER: LISTEN needs a connection of its own',
    path: ['DATABASE_DIRECT_URL'],
    when: () => true,
  })

const migrateSchema = z
  .object({
    ...processShape,
    DATABASE_URL: databaseShape.DATABASE_URL,
    DATABASE_DIRECT_URL: postgresUrl.optional(),
    ADMIN_EMAIL: z.email().max(254).toLowerCase().optional(),
    ADMIN_PASSWORD: z.string().min(12, 'must have 12 to 128 characters').max(128).optional(),
  })
  .refine((env) => (env.ADMIN_EMAIL === undefined) === (env.ADMIN_PASSWORD === undefined), {
    error: 'goes with ADMIN_PASSWORD: give both or neither',
    path: ['ADMIN_EMAIL'],
    // Beside other faults too: all are told at once.
    when: () => true,
  })

export type ApiConfig = Readonly<z.infer<typeof apiSchema>>
export type WorkerConfig = Readonly<z.infer<typeof workerSchema>>
export type MigrateConfig = Readonly<z.infer<typeof migrateSchema>>

/** The variables that each process reads, for the document and the tests. */
export const variablesOfProcess = {
  api: Object.keys(apiSchema.shape),
  worker: Object.keys(workerSchema.shape),
  migrate: Object.keys(migrateSchema.shape),
} as const satisfies Record<string, readonly string[]>

/**
 * Reads the environment of the API process.
 * @throws ConfigError with all faults at once; a variable's value is never part of it.
 */
export const loadApiConfig = (env: NodeJS.ProcessEnv): ApiConfig => readEnvironment(apiSchema, env)

/** Reads the environment of a worker process; throws as {@link loadApiConfig}. It holds no key that signs tokens. */
export const loadWorkerConfig = (env: NodeJS.ProcessEnv): WorkerConfig => readEnvironment(workerSchema, env)

/** Reads the environment of the migration; throws as {@link loadApiConfig}. */
export const loadMigrateConfig = (env: NodeJS.ProcessEnv): MigrateConfig =>
  readEnvironment(migrateSchema, env)
