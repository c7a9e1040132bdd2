import { isIP } from 'node:net'
import { z } from 'zod'
import { jwkSet } from './jwk-set.js'
import { readMailbox } from './mailbox.js'
import { secretKeys } from './secret-keys.js'
import { faultOfSmtpUrl } from './smtp-url.js'
import { storageUrl } from './storage/storage-url.js'
import { wholeNumber } from './whole-number.js'

const port = wholeNumber(0, 65_535)
const host = z.string().min(1).max(255).default('127.0.0.1')
const milliseconds = wholeNumber(0, 600_000)
const isUrl = (text: string, protocols: readonly string[], path: RegExp): boolean => {
  if (!URL.canParse(text)) return false
  const { protocol, hostname, pathname, username, password } = new URL(text)
  // The drivers decode these, and fail late and in their own words.
  const isDecodable = !/%(?![0-9a-f]{2})/i.test(username + password + pathname)
  return protocols.includes(protocol.slice(0, -1)) && hostname !== '' && isDecodable && path.test(pathname)
}

const postgresUrl = z
  .string()
  .refine((text) => isUrl(text, ['postgres', 'postgresql'], /^\/[^/]+$/), 'must be postgres://HOST/DATABASE')
const redisUrl = z
  .string()
  .refine(
    (text) => isUrl(text, ['redis', 'rediss'], /^(\/\d{0,3})?$/),
    'must be redis://HOST or redis://HOST/NUMBER',
  )
const appUrl = z.string().refine((text) => isUrl(text, ['http', 'https'], /^/), 'must be https://HOST')
const smtpUrl = z.string().superRefine((text, context) => {
  const message = faultOfSmtpUrl(text)
  if (message !== undefined) context.addIssue({ code: 'custom', message })
})
const mailbox = z
  .string()
  .max(320)
  .refine((text) => readMailbox(text) !== undefined, 'must be NAME <ADDRESS> or ADDRESS')

/** An address, or a network as ADDRESS/BITS. */
const isNetwork = (text: string): boolean => {
  const [address = '', bits, ...rest] = text.split('/')
  const family = isIP(address)
  if (family === 0 || rest.length > 0) return false
  return (
    bits === undefined ||
    (/^\d{1,3}$/.test(bits) && Number(bits) > 0 && Number(bits) <= (family === 4 ? 32 : 128))
  )
}

const listOf = (text: string): string[] =>
  text
    .split(',')
    .map((item) => item.trim())
    .filter(Boolean)

/** The proxies whose word on the client's address is taken. Named one by one: "all" would be anybody. */
const proxies = z
  .string()
  .default('')
  .transform(listOf)
  .refine((list) => list.every(isNetwork), 'must be addresses or networks (10.0.0.0/8), separated by commas')

/** Redis is asked within a quarter of it, and Postgres rolls a frozen holder back after two seconds. */
const lockTime = wholeNumber(1_000, 600_000)

const limit = (byDefault: number) => wholeNumber(1, 1_000_000).default(byDefault)

const processShape = {
  NODE_ENV: z.enum(['production', 'development', 'test']).default('development'),
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
}

const databaseShape = {
  DATABASE_URL: postgresUrl,
  DATABASE_POOL_MAX: wholeNumber(1, 100).default(10),
}

const redisShape = {
  REDIS_URL: redisUrl,
  /** A name for everything this deployment keeps in Redis; two deployments may then share one server. */
  REDIS_PREFIX: z
    .string()
    .regex(/^[\w-]{1,40}$/, 'must be 1 to 40 letters, digits, - or _')
    .default('unnest'),
}

/** `mail=50,webhooks=20`: tries at once, by queue. */
const concurrency = z
  .string()
  .default('')
  .transform(listOf)
  .refine(
    (list) => list.every((item) => /^[a-z-]{1,40}=([1-9]\d{0,2})$/.test(item)),
    'must be QUEUE=NUMBER (1 to 999), separated by commas',
  )
  .transform(
    (list): Readonly<Record<string, number>> =>
      Object.fromEntries(
        list.map((item) => item.split('=')).map(([queue, number]) => [queue, Number(number)]),
      ),
  )
const storageShape = {
  DATA_DIR: z.string().min(1).default('.data'),
  STORAGE_URL: storageUrl.optional(),
}

/** The API makes secrets and judges URLs; the worker signs with them and calls those. */
const webhookShape = {
  WEBHOOK_SECRET_KEYS: secretKeys,
  WEBHOOK_ALLOW_PRIVATE: z
    .enum(['true', 'false'], 'must be true or false')
    .default('false')
    .transform((text) => text === 'true'),
}

/** A worker's grace is longer than a job's try: what is in hand is finished, not done twice. */
const API_GRACE_MS = 10_000
const WORKER_GRACE_MS = 25_000

const apiSchema = z.object({
  ...processShape,
  ...databaseShape,
  ...redisShape,
  ...storageShape,
  ...webhookShape,
  SHUTDOWN_GRACE_MS: milliseconds.default(API_GRACE_MS),
  PORT: port.default(3000),
  HOST: host,
  JWT_PRIVATE_KEYS: jwkSet,
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
  READINESS_DRAIN_MS: milliseconds.default(0),
})

const workerSchema = z.object({
  ...processShape,
  ...databaseShape,
  ...redisShape,
  ...storageShape,
  ...webhookShape,
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

const migrateSchema = z
  .object({
    ...processShape,
    DATABASE_URL: databaseShape.DATABASE_URL,
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

/** What a process tells its operator when its environment does not do: every fault, and no value. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'

  constructor(readonly faults: readonly string[]) {
    super(`The environment is not valid:\n${faults.map((fault) => `  ${fault}`).join('\n')}`)
  }
}

const load = <T extends object>(schema: z.ZodType<T>, env: NodeJS.ProcessEnv): Readonly<T> => {
  // An empty variable means "not set": orchestrators and shells cannot always leave one out.
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''))
  const result = schema.safeParse(given, {
    error: (issue) => (issue.input === undefined ? 'is required' : undefined),
  })
  if (result.success) return Object.freeze(result.data)
  throw new ConfigError(result.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`))
}

/**
 * Reads the environment of the API process.
 * @throws ConfigError with all faults at once; a variable's value is never part of it.
 */
export const loadApiConfig = (env: NodeJS.ProcessEnv): ApiConfig => load(apiSchema, env)

/** Reads the environment of a worker process; throws as {@link loadApiConfig}. It holds no key that signs tokens. */
export const loadWorkerConfig = (env: NodeJS.ProcessEnv): WorkerConfig => load(workerSchema, env)

/** Reads the environment of the migration; throws as {@link loadApiConfig}. */
export const loadMigrateConfig = (env: NodeJS.ProcessEnv): MigrateConfig => load(migrateSchema, env)
