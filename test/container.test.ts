import { asValue, createContainer } from 'awilix'
import { drizzle } from 'drizzle-orm/postgres-js'
import { Redis } from 'ioredis'
import { Registry } from 'prom-client'
import t from 'tap'
import { createSecretKey } from '../dev/keys.js'
import { registerAuth } from '../src/auth/auth.container.js'
import {
  type ApiCradle,
  createAccountsContainer,
  createApiContainer,
  createWorkerContainer,
} from '../src/container.js'
import { registerOrders } from '../src/orders/orders.container.js'
import { registerProducts } from '../src/products/products.container.js'
import { registerSessions } from '../src/sessions/sessions.container.js'
import { createCache } from '../src/shared/cache/cache.js'
import { createAuditTrail } from '../src/shared/database/audit.js'
import type { Database } from '../src/shared/database/client.js'
import { provide } from '../src/shared/provide.js'
import { createJobProducer } from '../src/shared/queue/producer.js'
import { secretKeys } from '../src/shared/secret-keys.js'
import { createLogger } from '../src/shared/telemetry/logger.js'
import type { Tracer } from '../src/shared/telemetry/tracer.js'
import { registerMedia } from '../src/uploads/uploads.container.js'
import { registerUsers } from '../src/users/users.container.js'

const database: Database = Object.assign(drizzle.mock(), {
  oneStatement: <T>(work: () => Promise<T>) => work(),
})
const webhookSettings = { secretKeys: secretKeys.parse(createSecretKey()), allowPrivate: false }
const storageSettings = { place: { directory: 'nowhere' }, temporaryDirectory: 'nowhere' }
const mailSettings = { smtpUrl: undefined, directory: 'nowhere', from: 'a@example.com', appUrl: undefined }

/** Never connects: no command is sent. */
const redis = new Redis({ lazyConnect: true })
t.teardown(() => redis.disconnect())

const cache = createCache({
  redis,
  prefix: 'test',
  logger: createLogger({ level: 'silent', process: 'test' }),
  registry: new Registry(),
  enabled: true,
})
t.teardown(cache.close)

const realtimeSettings = {
  subscriber: redis,
  redisPrefix: 'test',
  registry: new Registry(),
  logger: createLogger({ level: 'silent', process: 'test' }),
  socketsPerUser: 1,
  socketsPerPod: 1,
}

const tracer: Tracer = { start: () => ({ traceparent: '', end: () => {} }), close: async () => {} }
const withDatabase = () =>
  createContainer({ strict: true }).register({ database: asValue(database), tracer: asValue(tracer) })
const withDatabaseAndJobs = () => provide(withDatabase(), { jobProducer: createJobProducer })
const core = () =>
  registerMedia(registerSessions(provide(withDatabaseAndJobs(), { auditTrail: createAuditTrail })))

t.test('every name of every process can be built', async (t) => {
  const containers = {
    migrate: createAccountsContainer({ database, tracer }),
    api: createApiContainer({ database, tracer, cache, storageSettings, webhookSettings, realtimeSettings }),
    worker: createWorkerContainer({
      database,
      tracer,
      lockRedis: redis,
      lockMs: 10_000,
      redisPrefix: 'test',
      mailSettings,
      storageSettings,
      webhookSettings,
    }),
  }
  for (const [process, { cradle, registrations }] of Object.entries(containers)) {
    const names = Object.keys(registrations)
    t.ok(names.includes('database') && names.length > 3, process)
    for (const name of names) {
      const value: unknown = Reflect.get(cradle, name)
      t.ok(value, `${process} has ${name}`)
      t.equal(Reflect.get(cradle, name), value, `${name} is one for all`)
    }
  }
  t.notOk(containers.worker.hasRegistration('authService'), 'a worker signs nobody in')
  t.notOk(containers.api.hasRegistration('mailService'), 'the API sends no mail')
  t.notOk(containers.api.hasRegistration('outbound'), 'nor does it call what strangers name')
})

t.test('a name is provided once', async (t) => {
  const once = provide(createContainer({ strict: true }), { clock: () => 1 })
  t.throws(() => provide(once, { clock: () => 2 }), /clock is provided twice/)
  t.equal(once.cradle.clock, 1)
  t.throws(() => registerUsers(registerUsers(core())), /usersService is provided twice/)
})

/** Checked by `npm run check:types`, never run: each line below must stay a compile error. */
export const mistakes = {
  missingDomain: () =>
    // @ts-expect-error orders need the products
    registerOrders(registerUsers(core())),
  wrongOrder: () =>
    // @ts-expect-error accounts need the users before them
    registerUsers(registerAuth(core())),
  forgottenRegistration: () =>
    // @ts-expect-error users need the job producer
    registerUsers(registerSessions(provide(withDatabase(), { auditTrail: createAuditTrail }))),
  wrongValue: () =>
    // @ts-expect-error that is no database
    registerProducts(createContainer().register({ database: asValue('postgres://') })),
  undeclaredDependency: () =>
    // @ts-expect-error nobody registered a mailer
    provide(core(), { greeter: ({ mailer }: { mailer: () => void }) => mailer }),
  misspeltNeed: () =>
    // @ts-expect-error it is jobProducer
    provide(core(), { greeter: ({ jobProduser }: { jobProduser: unknown }) => jobProduser }),
  misspeltName: ({ cradle }: { cradle: ApiCradle }) =>
    // @ts-expect-error it is ordersService
    cradle.orderService,
  ofAnotherProcess: ({ cradle }: { cradle: ApiCradle }) =>
    // @ts-expect-error only workers have mail
    cradle.mailService,
}
