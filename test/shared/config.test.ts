import { readFileSync } from 'node:fs'
import t from 'tap'
import { createSecretKey, createSigningKeys } from '../../dev/keys.js'
import {
  loadApiConfig,
  loadMigrateConfig,
  loadWorkerConfig,
  variablesOfProcess,
} from '../../src/shared/config.js'
import { ConfigError } from '../../src/shared/environment.js'

const DOCUMENT = new URL('../../docs/configuration.md', import.meta.url)
/** `| \`NAME\` | processes | default | meaning |` */
const ROW = /^\| `([A-Z_]+)` \| ([a-z, ]+) \| (.+?) \| .+ \|$/gm

const urls = { DATABASE_URL: 'postgres://u:p@db/unnest', REDIS_URL: 'redis://cache' }
const keys = createSigningKeys()
const ofWorker = { ...urls, WEBHOOK_SECRET_KEYS: createSecretKey() }
const required = { ...ofWorker, JWT_PRIVATE_KEYS: JSON.stringify(keys) }
const loaders = { api: loadApiConfig, worker: loadWorkerConfig, migrate: loadMigrateConfig } as const

type Env = Readonly<Record<string, string>>

const faultsOf = (load: (env: Env) => unknown, env: Env): readonly string[] => {
  try {
    load(env)
  } catch (error) {
    if (error instanceof ConfigError) return error.faults
    throw error
  }
  return []
}

const namesIn = (faults: readonly string[]) =>
  [...new Set(faults.map((fault) => fault.split(/[.:]/)[0]))].sort()

t.test('what has a default may be missing, or empty', async (t) => {
  const config = loadApiConfig(required)
  const { JWT_PRIVATE_KEYS: parsed, WEBHOOK_SECRET_KEYS: secretKeys, ...rest } = config
  t.strictSame(parsed, keys.keys)
  t.equal(secretKeys.length, 1)
  t.strictSame(rest, {
    NODE_ENV: 'development',
    LOG_LEVEL: 'info',
    ...urls,
    DATABASE_POOL_MAX: 10,
    DATABASE_PGBOUNCER: false,
    EXPECTED_PODS: 1,
    EXPECTED_WORKERS: 1,
    REDIS_PREFIX: 'unnest',
    DATA_DIR: '.data',
    WEBHOOK_ALLOW_PRIVATE: false,
    OTEL_TRACES_SAMPLER_ARG: 1,
    SHUTDOWN_GRACE_MS: 10_000,
    PORT: 3000,
    HOST: '127.0.0.1',
    METRICS_PORT: 9464,
    CACHE_ENABLED: true,
    CACHE_TTL_SECONDS: 60,
    TRUST_PROXY: [],
    PASSWORD_HASHES_AT_ONCE: 1,
    RATE_LIMIT_PER_MINUTE: 1_000,
    RATE_LIMIT_LOGINS_PER_ACCOUNT: 10,
    RATE_LIMIT_LOGINS_PER_ADDRESS: 100,
    RATE_LIMIT_ACCOUNT_CHANGES: 20,
    RATE_LIMIT_UPLOADS: 100,
    UPLOAD_TIMEOUT_MS: 30_000,
    RATE_LIMIT_WEBHOOK_SENDS: 30,
    REALTIME_ORIGINS: [],
    REALTIME_SOCKETS_PER_USER: 10,
    REALTIME_SOCKETS_PER_POD: 10_000,
    READINESS_DRAIN_MS: 0,
  })
  const empty = Object.fromEntries(variablesOfProcess.api.map((name) => [name, '']))
  t.strictSame(loadApiConfig({ ...empty, ...required }), config)
  t.strictSame(namesIn(faultsOf(loadApiConfig, empty)), Object.keys(required).sort())
  t.strictSame(namesIn(faultsOf(loadWorkerConfig, {})), Object.keys(ofWorker).sort(), 'no key for tokens')
  t.match(loadWorkerConfig(ofWorker), { DATA_DIR: '.data', WORKER_QUEUES: [], SMTP_URL: undefined })
  t.ok(
    Object.isFrozen(config) &&
      Object.isFrozen(loadWorkerConfig(ofWorker)) &&
      Object.isFrozen(loadMigrateConfig(urls)),
  )
})

t.test('all faults are told at once, with names and no value', async (t) => {
  const secret = 'hunter2-secret'
  const values: Record<string, string> = {
    REDIS_PREFIX: `${secret} with blanks`,
    HOST: secret.repeat(50),
    DATA_DIR: '',
    MAIL_FROM: secret.repeat(50),
    WORKER_QUEUES: '',
    ADMIN_PASSWORD: secret.slice(0, 9),
  }
  for (const [name, load] of Object.entries(loaders)) {
    const names = variablesOfProcess[name as keyof typeof loaders].filter(
      (variable) => values[variable] !== '',
    )
    const env = Object.fromEntries(names.map((variable) => [variable, values[variable] ?? secret]))
    const faults = faultsOf(load, env)
    t.strictSame(namesIn(faults), [...names].sort(), name)
    t.notMatch(faults.join('\n'), /hunter2|secret/, `${name}: no value`)
  }
})

t.test('numbers are whole, plain and bounded', async (t) => {
  const bounds = { PORT: [0, 65_535], DATABASE_POOL_MAX: [1, 100], CACHE_TTL_SECONDS: [1, 86_400] }
  const milliseconds = { SHUTDOWN_GRACE_MS: [0, 600_000], READINESS_DRAIN_MS: [0, 600_000] }
  for (const [name, [min = 0, max = 0]] of Object.entries({ ...bounds, ...milliseconds })) {
    const faultsWith = (value: string) => namesIn(faultsOf(loadApiConfig, { ...required, [name]: value }))
    for (const good of [min, max]) t.strictSame(faultsWith(String(good)), [], `${name} ${good}`)
    for (const bad of [
      min - 1,
      max + 1,
      '1.5',
      '1e2',
      '0x10',
      '01',
      ' ',
      ' 5',
      'NaN',
      'Infinity',
      '9'.repeat(30),
    ]) {
      t.strictSame(faultsWith(String(bad)), [name], `${name} '${bad}'`)
    }
  }
})

t.test('origins are spelt as browsers spell them', async (t) => {
  const originsOf = (list: string) => loadApiConfig({ ...required, REALTIME_ORIGINS: list }).REALTIME_ORIGINS
  const list = ['https://shop.example', 'http://localhost:8080']
  t.strictSame(originsOf(list.join(', ')), list)
  const path = [
    'https://shop.example/',
    'https://shop.example:443',
    'https://Shop.example',
    'https://a@b.example',
  ]
  for (const bad of ['*', 'null', 'shop.example', 'file:///x', 'wss://shop.example', ...path]) {
    const faults = faultsOf(loadApiConfig, { ...required, REALTIME_ORIGINS: `${list[0]},${bad}` })
    t.strictSame(namesIn(faults), ['REALTIME_ORIGINS'], bad)
  }
})

t.test('proxies are named one by one, and anybody is not among them', (t) => {
  const proxiesOf = (list: string) => loadApiConfig({ ...required, TRUST_PROXY: list }).TRUST_PROXY
  t.strictSame(proxiesOf('10.0.0.0/8, 127.0.0.1,::1, fd00::/8'), [
    '10.0.0.0/8',
    '127.0.0.1',
    '::1',
    'fd00::/8',
  ])
  for (const bad of [
    'true',
    '*',
    '1',
    '0.0.0.0/0',
    '::/0',
    '10.0.0.0/33',
    '10.0.0',
    'loopback',
    '10.0.0.0/8/8',
  ]) {
    const faults = faultsOf(loadApiConfig, { ...required, TRUST_PROXY: `127.0.0.1, ${bad}` })
    t.strictSame(namesIn(faults), ['TRUST_PROXY'], bad)
  }
  t.end()
})

t.test('a mail server is named without a way around TLS', (t) => {
  const faultsWith = (SMTP_URL: string) => faultsOf(loadWorkerConfig, { ...ofWorker, SMTP_URL })
  for (const good of [
    'smtps://mail.example',
    'smtps://user:p%25ss@mail.example:2465/',
    'smtp://user:secret@mail.example:587',
    'smtp://[::1]:25?tls=none',
    'smtp://localhost:1025?tls=none',
    'discard:',
  ]) {
    t.strictSame(faultsWith(good), [], good)
  }
  for (const bad of [
    'http://mail.example',
    'smtp://',
    'smtp:mail.example',
    'smtp://mail.example/path',
    'smtp://mail.example#part',
    'smtp://user@mail.example',
    'smtp://:secret@mail.example',
    'smtp://user:p%ss@mail.example',
    'smtp://user:secret@mail.example?tls=none',
    'smtps://mail.example?tls=none',
    'smtp://mail.example?tls.rejectUnauthorized=false',
    'smtp://mail.example?ignoreTLS=true',
    'smtp://mail.example?tls=none&logger=true',
  ]) {
    t.strictSame(namesIn(faultsWith(bad)), ['SMTP_URL'], bad)
    t.notMatch(faultsWith(bad).join(), /secret|p%ss|mail\.example/, `${bad}: no value`)
  }
  t.end()
})

t.test('the sender of the mails is one mailbox', (t) => {
  const faultsWith = (MAIL_FROM: string) => namesIn(faultsOf(loadWorkerConfig, { ...ofWorker, MAIL_FROM }))
  for (const good of ['Shop <a@b.example>', 'a@b.example', '<a@b.example>', 'Köln & Söhne <a@b.example>']) {
    t.strictSame(faultsWith(good), [], good)
  }
  for (const bad of [
    'Shop',
    'a@b',
    'a@b.example, c@d.example',
    'Shop <a@b.example>, c@d.example',
    'Shop <a@b.example> <c@d.example>',
    'Shop\r\nBcc: <c@d.example>',
    '"Shop" <a@b.example>',
  ]) {
    t.strictSame(faultsWith(bad), ['MAIL_FROM'], bad)
  }
  t.end()
})
t.test(
  'files are kept in a folder or in a bucket, and the secret of its key is told to nobody',
  async (t) => {
    const placeOf = (url: string) => loadApiConfig({ ...required, STORAGE_URL: url }).STORAGE_URL
    t.strictSame(placeOf('file:///srv/files'), { directory: '/srv/files' })
    const bucket = {
      endpoint: 'https://s3.example.com',
      name: 'files',
      region: 'us-east-1',
      virtualHost: false,
    }
    t.strictSame(placeOf('s3://s3.example.com/files'), { bucket })
    const credentials = { accessKeyId: 'key', secretAccessKey: 'a/b+c' }
    t.strictSame(
      placeOf('s3+http://key:a%2Fb%2Bc@127.0.0.1:9000/files?region=eu-central-1&addressing=virtual'),
      {
        bucket: {
          ...{ ...bucket, endpoint: 'http://127.0.0.1:9000', region: 'eu-central-1', virtualHost: true },
          credentials,
        },
      },
    )
    for (const bad of [
      'file:relative/../folder?x=1',
      'http://key:hunter2@host/files',
      's3://key:hunter2@host',
      's3://key:hunter2@host/files/folder',
      's3://key@host/files',
      's3://key:hunter2@host/files?regoin=x',
      's3://key:hunter2@host/files?addressing=other',
      's3://key:hunter2%@host/files',
      's3://key:hunter2@host/UPPER',
    ]) {
      const faults = faultsOf(loadWorkerConfig, { ...ofWorker, STORAGE_URL: bad })
      t.strictSame(namesIn(faults), ['STORAGE_URL'], bad)
      t.notMatch(faults.join(), /hunter2/)
    }
  },
)
t.test('who is behind PgBouncer needs its limit, and a worker a way past it', async (t) => {
  t.strictSame(namesIn(faultsOf(loadApiConfig, { ...required, DATABASE_PGBOUNCER: 'true' })), [
    'DATABASE_CONNECTION_LIMIT',
  ])
  t.strictSame(namesIn(faultsOf(loadWorkerConfig, { ...ofWorker, DATABASE_PGBOUNCER: 'true' })), [
    'DATABASE_CONNECTION_LIMIT',
    'DATABASE_DIRECT_URL',
  ])
  const pooled = { ...ofWorker, DATABASE_PGBOUNCER: 'true', DATABASE_CONNECTION_LIMIT: '100' }
  t.strictSame(namesIn(faultsOf(loadWorkerConfig, pooled)), ['DATABASE_DIRECT_URL'])
  t.strictSame(faultsOf(loadWorkerConfig, { ...pooled, DATABASE_DIRECT_URL: urls.DATABASE_URL }), [])
})

t.test('what a URL has encoded can be decoded, by whoever connects with it', (t) => {
  for (const login of ['u:%ff%fe', '%ff:hunter2', 'u:hunter2%00', 'u:hunter2%zz']) {
    const database = { DATABASE_URL: `postgres://${login}@db/unnest` }
    t.strictSame(namesIn(faultsOf(loadMigrateConfig, database)), ['DATABASE_URL'], login)
    for (const url of [`redis://${login}@cache`, `redis+cluster://${login}@n1,n2`]) {
      const faults = faultsOf(loadApiConfig, { ...required, REDIS_URL: url })
      t.strictSame(namesIn(faults), ['REDIS_URL'], url)
      t.notMatch(faults.join(), /hunter2|%ff/)
    }
    const mail = faultsOf(loadWorkerConfig, { ...ofWorker, SMTP_URL: `smtps://${login}@mail.example` })
    t.strictSame(namesIn(mail), ['SMTP_URL'], login)
  }
  t.strictSame(faultsOf(loadMigrateConfig, { DATABASE_URL: 'postgres://u:%C3%A4%25@db/unnest' }), [])
  t.end()
})

t.test('Postgres is one server', async (t) => {
  for (const bad of [
    'postgres://u:hunter2@db1,db2/unnest',
    'postgres://u:hunter2@db1%2Cdb2:1/unnest',
    'postgres://u:hunter2@db1,x@db/unnest',
    'postgres://u:hunter2@db1%2cx@db/unnest',
    'postgres://u:hunter2@[::1]:5432/unnest',
  ]) {
    const faults = faultsOf(loadMigrateConfig, { DATABASE_URL: bad, DATABASE_DIRECT_URL: bad })
    t.strictSame(namesIn(faults), ['DATABASE_DIRECT_URL', 'DATABASE_URL'], bad)
    t.notMatch(faults.join(), /hunter2/)
  }
})

t.test('the address of Postgres brings no settings of its own', async (t) => {
  const options = [
    'statement_timeout=0',
    'sslmode=nonsense',
    'sslmode=require&lock_timeout=0',
    'target_session_attrs=x',
  ]
  for (const option of options) {
    const bad = `postgres://u:hunter2@db/unnest?${option}`
    const faults = faultsOf(loadMigrateConfig, { DATABASE_URL: bad, DATABASE_DIRECT_URL: bad })
    t.strictSame(namesIn(faults), ['DATABASE_DIRECT_URL', 'DATABASE_URL'], option)
    t.notMatch(faults.join(), /hunter2/)
  }
  const url = 'postgres://u:p@db/unnest?sslmode=verify-full'
  t.strictSame(faultsOf(loadMigrateConfig, { DATABASE_URL: url, DATABASE_DIRECT_URL: url }), [])
})

t.test('each Redis may be one server, found by Sentinels, or a Cluster', async (t) => {
  for (const url of ['redis://cache/1', 'rediss+sentinel://u:p@s1:1,s2/main/1', 'redis+cluster://n1,n2:2']) {
    const config = loadWorkerConfig({ ...ofWorker, REDIS_URL: url, QUEUE_REDIS_URL: url })
    t.match(config, { REDIS_URL: url, QUEUE_REDIS_URL: url })
  }
  for (const bad of [
    'redis+sentinel://:hunter2@s1',
    'redis+cluster://n1/1',
    'redis+other://n1',
    'redis://n1,n2',
    'redis://:hunter2@n1?lazyConnect=true',
    'redis://n1/1?family=abc',
  ]) {
    const faults = faultsOf(loadWorkerConfig, { ...ofWorker, REDIS_URL: bad, QUEUE_REDIS_URL: bad })
    t.strictSame(namesIn(faults), ['QUEUE_REDIS_URL', 'REDIS_URL'], bad)
    t.match(faults.join(), /redis\+sentinel:\/\/HOST,HOST\/NAME/)
    t.notMatch(faults.join(), /hunter2/)
  }
})

t.test('private addresses are open to webhooks only where somebody says so', async (t) => {
  const load = (value: string) => loadWorkerConfig({ ...ofWorker, WEBHOOK_ALLOW_PRIVATE: value })
  t.equal(load('').WEBHOOK_ALLOW_PRIVATE, false)
  t.equal(load('false').WEBHOOK_ALLOW_PRIVATE, false)
  t.equal(load('true').WEBHOOK_ALLOW_PRIVATE, true)
  for (const odd of ['1', 'yes', 'TRUE', ' true']) {
    t.strictSame(namesIn(faultsOf(() => load(odd), {})), ['WEBHOOK_ALLOW_PRIVATE'], odd)
  }
})

t.test('traces go to a URL, with headers, and a share of them', async (t) => {
  const faultsWith = (env: Env) => faultsOf(loadApiConfig, { ...required, ...env })
  const name = 'OTEL_EXPORTER_OTLP_HEADERS'
  const good = loadApiConfig({ ...required, [name]: 'authorization=Bearer%20a=b, x-tenant=shop,empty=' })
  t.strictSame(good[name], { authorization: 'Bearer a=b', 'x-tenant': 'shop', empty: '' })
  for (const bad of [
    'hunter2',
    'a=b;c',
    'a=hunter2 c',
    'a=%0d%0ahunter2',
    'a=%zz',
    'a=%',
    ',',
    'a b=c',
    '=c',
    'a=%e4',
  ]) {
    const faults = faultsWith({ [name]: bad })
    t.strictSame(namesIn(faults), [name], bad)
    t.notMatch(faults.join(), /hunter2/)
  }
  for (const [value, ratio] of Object.entries({ 0: 0, 1: 1, '0.25': 0.25, '1.0': 1, '.5': 0.5 }))
    t.equal(loadApiConfig({ ...required, OTEL_TRACES_SAMPLER_ARG: value }).OTEL_TRACES_SAMPLER_ARG, ratio)
  for (const bad of ['1.1', '-0.1', '2', 'NaN', '1e-3', '50%', '.', ' 1'])
    t.strictSame(namesIn(faultsWith({ OTEL_TRACES_SAMPLER_ARG: bad })), ['OTEL_TRACES_SAMPLER_ARG'], bad)
  for (const url of ['http://collector:4318', 'https://otlp.example/base/'])
    t.strictSame(faultsWith({ OTEL_EXPORTER_OTLP_ENDPOINT: url }), [])
  for (const url of ['collector:4318', 'grpc://collector', 'http://c/?key=hunter2'])
    t.strictSame(
      namesIn(faultsWith({ OTEL_EXPORTER_OTLP_ENDPOINT: url })),
      ['OTEL_EXPORTER_OTLP_ENDPOINT'],
      url,
    )
})

t.test('the first admin is an address and a password, or neither', async (t) => {
  const admin = { ADMIN_EMAIL: 'Root@Example.com', ADMIN_PASSWORD: 'twelve chars' }
  t.match(loadMigrateConfig({ ...urls, ...admin }), { ADMIN_EMAIL: 'root@example.com' })
  t.match(loadMigrateConfig(urls), { ADMIN_EMAIL: undefined, ADMIN_PASSWORD: undefined })
  for (const [name, value] of Object.entries(admin)) {
    const faults = faultsOf(loadMigrateConfig, { [name]: value })
    t.strictSame(namesIn(faults), ['ADMIN_EMAIL', 'DATABASE_URL'], `${name} alone, beside another fault`)
  }
})

/** Defaults that are no plain value. */
const IN_WORDS: Readonly<Record<string, string>> = {
  QUEUE_REDIS_URL: '`REDIS_URL`',
  DATABASE_WORKER_POOL_MAX: '`DATABASE_POOL_MAX`',
  SHUTDOWN_GRACE_MS: '`10000` api, `25000` worker',
  METRICS_PORT: '`9464` api, `9465` worker',
  WORKER_QUEUES: 'all',
  WORKER_CONCURRENCY: 'by contract',
  STORAGE_URL: '`uploads/` in `DATA_DIR`',
  TRUST_PROXY: 'none',
  REALTIME_ORIGINS: 'none',
}

t.test(
  'docs/configuration.md lists every variable, where it is read and what it is without a value',
  async (t) => {
    const rows = [...readFileSync(DOCUMENT, 'utf8').matchAll(ROW)]
    const documented = Object.fromEntries(
      rows.map(([, name, processes]) => [name, processes?.split(', ').sort()]),
    )
    const read: Record<string, string[]> = {}
    for (const [process, names] of Object.entries(variablesOfProcess)) {
      for (const name of names) read[name] = [...(read[name] ?? []), process].sort()
    }
    t.strictSame(documented, read)
    const defaults: Record<string, unknown> = {
      ...loadMigrateConfig(urls),
      ...loadWorkerConfig(ofWorker),
      ...loadApiConfig(required),
    }
    for (const [, name = '', , written] of rows) {
      const plain = defaults[name] === undefined ? 'none' : `\`${String(defaults[name])}\``
      t.equal(written, name in required ? 'required' : (IN_WORDS[name] ?? plain), name)
    }
  },
)
