import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv } from 'ajv'
import t from 'tap'
import { parse } from 'yaml'
import { z } from 'zod'
import { apiMemory, bytesOf } from '../support/api-memory.js'
import { configOf, faultsOfEnvironment, type Process, secrets } from '../support/deployment-environment.js'

const ROOT = join(import.meta.dirname, '../..')
const source = readFileSync(join(ROOT, 'deploy/docker-compose.yml'), 'utf8')
const SCHEMA = join(ROOT, 'node_modules/dclint/schemas/compose.schema.json')
/** Its own name and that of its draft are no addresses to load anything from. */
const schema = JSON.parse(readFileSync(SCHEMA, 'utf8'), (key, value) =>
  (key === '$schema' || key === '$id') && typeof value === 'string' ? undefined : value,
)
const validate = new Ajv({ strict: false, allErrors: true, validateFormats: false }).compile(schema)

const COMMANDS = { api: 'dist/server.js', worker: 'dist/worker.js', migrate: 'dist/migrate.js' } as const
const PROCESSES: readonly Process[] = ['api', 'worker', 'migrate']

/** What .env must give, with stand-ins. */
const ENV_FILE: Readonly<Record<string, string | undefined>> = { ...secrets, POSTGRES_PASSWORD: 'secret' }

const given = z.record(
  z.string(),
  z
    .union([z.string(), z.number()])
    .transform((value) =>
      String(value).replace(/\$\{([A-Z_]+):\?[^}]+\}/g, (_all, name: string) => ENV_FILE[name] ?? ''),
    ),
)

const service = z.looseObject({
  image: z.string(),
  command: z.array(z.string()).default([]),
  environment: given.default({}),
  healthcheck: z.unknown().optional(),
  depends_on: z.record(z.string(), z.looseObject({ condition: z.string() })).default({}),
  ports: z.array(z.string()).default([]),
  volumes: z.array(z.string()).default([]),
  stop_grace_period: z
    .string()
    .regex(/^\d+s$/)
    .default('10s'),
  mem_limit: z.string().optional(),
  read_only: z.boolean().default(false),
  cap_drop: z.array(z.string()).default([]),
})

type Services = Readonly<Record<string, z.infer<typeof service>>>

const faultsOfProcess = (services: Services, process: Process): (string | false | undefined)[] => {
  const found = services[process]
  if (!found) return [`${process} is not there`]
  const refused = faultsOfEnvironment(process, found.environment)
  if (refused.length > 0) return refused
  const graceMs = process === 'migrate' ? 0 : configOf(process, found.environment).SHUTDOWN_GRACE_MS
  return [
    found.command.join() !== COMMANDS[process] && `${process}: its command is ${found.command}`,
    found.image !== services['api']?.image && `${process}: another image`,
    Number.parseInt(found.stop_grace_period, 10) * 1_000 <= graceMs && `${process}: it is killed`,
    !(found.read_only && found.cap_drop.includes('ALL')) && `${process}: it has more rights`,
  ]
}

/** Who waits for whom. */
const ORDER = [
  ['migrate', 'postgres', 'service_healthy'],
  ['api', 'migrate', 'service_completed_successfully'],
  ['api', 'redis', 'service_healthy'],
  ['worker', 'migrate', 'service_completed_successfully'],
  ['worker', 'redis', 'service_healthy'],
  ['worker', 'mailpit', 'service_started'],
] as const

const faultsOfOrder = (services: Services) =>
  ORDER.flatMap(([who, whom, condition]) => [
    services[who]?.depends_on[whom]?.condition !== condition && `${who} does not wait for ${whom}`,
    condition === 'service_healthy' && !services[whom]?.healthcheck && `${whom} has no health check`,
  ])

const faultsOfSurroundings = ({ api, worker, redis, ...others }: Services) => {
  const { PORT } = configOf('api', api?.environment ?? {})
  const { METRICS_PORT } = configOf('worker', worker?.environment ?? {})
  const published = Object.values({ api, worker, redis, ...others }).flatMap((found) => found?.ports ?? [])
  const isQueueSafe = /--appendonly,yes.*--maxmemory-policy,noeviction$/.test(String(redis?.command))
  return [
    !isQueueSafe && 'redis loses jobs',
    api?.ports.join() !== `127.0.0.1:${PORT}:${PORT}` && 'the API is published elsewhere',
    published.some((port) => !port.startsWith('127.0.0.1:')) && 'a port is open to the world',
    !JSON.stringify(worker?.healthcheck).includes(`:${METRICS_PORT}/livez`) && 'worker: asked elsewhere',
    String(api?.volumes) !== String(worker?.volumes) && 'api and worker see different files',
  ]
}

const network = z.object({
  networks: z.object({
    default: z.object({ ipam: z.object({ config: z.tuple([z.object({ gateway: z.string() })]) }) }),
  }),
})

/** To the API a proxy on this machine has the gateway's address. Not believed, all clients would be one, with one limit. */
const faultsOfApi = ({ api }: Services, composed: unknown) => {
  const config = configOf('api', api?.environment ?? {})
  const [{ gateway }] = network.parse(composed).networks.default.ipam.config
  return [
    config.TRUST_PROXY.join() !== gateway && 'api: does not know its proxy',
    !(apiMemory(config) <= bytesOf(String(api?.mem_limit))) && 'api: may need more memory than it has',
  ]
}

const faultsOf = (text: string): string[] => {
  const composed: unknown = parse(text, { merge: true })
  if (!validate(composed))
    return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`)
  const { services } = z.looseObject({ services: z.record(z.string(), service) }).parse(composed)
  const refused = PROCESSES.flatMap((process) => faultsOfProcess(services, process)).filter(Boolean)
  const faults =
    refused.length > 0
      ? refused
      : [...faultsOfOrder(services), ...faultsOfSurroundings(services), ...faultsOfApi(services, composed)]
  return faults.filter((fault) => typeof fault === 'string')
}

t.test('it keeps to the schema, and fits the code', async (t) => {
  t.strictSame(faultsOf(source), [])
})

t.test('a fault is noticed', async (t) => {
  const faults: readonly (readonly [RegExp, string, string])[] = [
    [/must NOT have additional properties/, 'stop_grace_period', 'stop_grace'],
    [/api: its command/, 'dist/server.js', 'dist/worker.js'],
    [/api: JWT_PRIVATE_KEYS: is required/, 'JWT_PRIVATE_KEYS: $', 'JWT_KEYS: $'],
    [/EXPECTED_WORKER is not read/, 'EXPECTED_WORKERS', 'EXPECTED_WORKER'],
    [/worker: it is killed/, 'stop_grace_period: 40s', 'stop_grace_period: 30s'],
    [/api: it has more rights/, 'cap_drop: [ALL]', 'cap_drop: [NET_RAW]'],
    [/api does not wait for migrate/, 'service_completed_successfully', 'service_started'],
    [/redis loses jobs/, 'noeviction', 'allkeys-lru'],
    [/open to the world/, '127.0.0.1:8025:8025', '8025:8025'],
    [/published elsewhere/, '127.0.0.1:3000:3000', '127.0.0.1:8080:8080'],
    [/asked elsewhere/, '9465/livez', '9464/livez'],
    [/does not know its proxy/, 'TRUST_PROXY: *gateway', "TRUST_PROXY: ''"],
    [/more memory than it has/, 'REALTIME_SOCKETS_PER_POD: 4000', 'REALTIME_SOCKETS_PER_POD: 10000'],
  ]
  for (const [fault, from, to] of faults) {
    t.ok(source.includes(from), `${from} is there to be replaced`)
    t.match(faultsOf(source.replace(from, () => to)).join('\n'), fault)
  }
})

t.test('the document says how each secret is made', async (t) => {
  const document = readFileSync(join(ROOT, 'docs/deployment.md'), 'utf8')
  const names = [...source.matchAll(/\$\{([A-Z_]+):\?/g)].map(([, name]) => name)
  t.ok(names.length > 3)
  for (const name of names) t.match(document, `${name}=`)
})
