import { execFile, execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { parseAllDocuments } from 'yaml'
import { faultsOfSchema } from '../support/kubernetes-schemas.js'
import { type KubernetesObject, renderKustomization } from '../support/kustomize.js'
import { openWaysOf } from '../support/network-rules.js'
import { faultsOfRelease } from '../support/release-rules.js'
import { readWorkload } from '../support/workloads.js'

const FOLDER = join(import.meta.dirname, '../../deploy/kubernetes')
const OVERLAYS = ['base', 'production'] as const
const rendered = {
  base: renderKustomization(join(FOLDER, 'base')),
  production: renderKustomization(join(FOLDER, 'production')),
}

const faultsOfSchemas = async (objects: readonly KubernetesObject[]) =>
  (await Promise.all(objects.map(faultsOfSchema))).flat()

t.test('every object keeps to its schema, and all fit together and fit the code', async (t) => {
  for (const name of OVERLAYS) {
    t.strictSame(await faultsOfSchemas(rendered[name]), [], `${name}: schemas`)
    t.strictSame(faultsOfRelease(rendered[name]), [], `${name}: rules`)
  }
})

/** The rendered deployment with a text in place of another: the first, or the one after `after`. */
const planted = (from: string, to: string, after = ''): KubernetesObject[] => {
  const text = JSON.stringify(rendered.production)
  const start = text.indexOf(after)
  const at = text.indexOf(from, start)
  if (start < 0 || at < 0) throw new Error(`${from} is not there to be replaced`)
  return JSON.parse(text.slice(0, at) + to + text.slice(at + from.length))
}

const API = '"kind":"Deployment","metadata":{"name":"unnest-api"'
const WORKER = '"kind":"Deployment","metadata":{"name":"unnest-worker"'
const JOB = '"kind":"Job"'
const API_POLICY = '"kind":"NetworkPolicy","metadata":{"name":"unnest-api"'
const WORKER_POLICY = '"kind":"NetworkPolicy","metadata":{"name":"unnest-worker"'

t.test('a fault in a schema is noticed', async (t) => {
  const faults: readonly (readonly [string, string, RegExp])[] = [
    ['"containerPort":3000', '"containerPort":"3000"', /must be integer/],
    ['"livenessProbe"', '"livenesProbe"', /livenesProbe is not known/],
    ['"sizeLimit"', '"size"', /emptyDir\/size is not known/],
    ['"apps/v1"', '"apps/v2"', /apps\/v2 is not known/],
    ['"topologyKey":"kubernetes.io/hostname",', '', /required property topologyKey/],
  ]
  for (const [from, to, fault] of faults)
    t.match((await faultsOfSchemas(planted(from, to))).join('\n'), fault)
})

t.test('a fault in what must fit is noticed', async (t) => {
  const faults: readonly (readonly [RegExp, string, string, string?])[] = [
    [/api: its command/, 'dist/server.js', 'dist/worker.js'],
    [/migrate: its command/, 'dist/migrate.js', 'dist/migrations.js'],
    [/READINESS_DRAIN is not read/, 'READINESS_DRAIN_MS', 'READINESS_DRAIN'],
    [/api: JWT_PRIVATE_KEYS: is required/, '"key":"JWT_PRIVATE_KEYS"', '"key":"JWT_KEYS"'],
    [/worker: JWT_PRIVATE_KEYS is not read/, '"name":"STORAGE_URL"', '"name":"JWT_PRIVATE_KEYS"', WORKER],
    [/api: its ports/, '"containerPort":3000', '"containerPort":8080'],
    [/worker: its ports/, '"METRICS_PORT":"9465"', '"METRICS_PORT":"9464"'],
    [/api: its livenessProbe/, '"path":"/livez"', '"path":"/readyz"', '"livenessProbe"'],
    [/worker: its readinessProbe asks/, '"path":"/readyz"', '"path":"/livez"', WORKER],
    [/api: its readinessProbe is impatient/, '"timeoutSeconds":2', '"timeoutSeconds":1', API],
    [/api: it is killed/, '"SHUTDOWN_GRACE_MS":"15000"', '"SHUTDOWN_GRACE_MS":"20000"'],
    [/worker: it is killed/, '"terminationGracePeriodSeconds":40', '"terminationGracePeriodSeconds":35'],
    [/api: it drains/, '"READINESS_DRAIN_MS":"10000"', '"READINESS_DRAIN_MS":"0"'],
    [/api: a roll-out ends/, '"minReadySeconds":30', '"minReadySeconds":5'],
    [/api: its container/, '"readOnlyRootFilesystem":true', '"readOnlyRootFilesystem":false', API],
    [/migrate: its pod/, '"runAsNonRoot":true', '"runAsNonRoot":false', JOB],
    [/api: its DATA_DIR/, '{"sizeLimit":"512Mi"}', '{}'],
    [/worker: its resources/, '"limits":{"memory":"1Gi"}', '"limits":{}'],
    [/EXPECTED_PODS: 22 may run/, '"maxReplicas":8', '"maxReplicas":20'],
    [/EXPECTED_WORKERS: 6 may run/, '"EXPECTED_WORKERS":"6"', '"EXPECTED_WORKERS":"4"'],
    [/= 244 connections, of 150/, '"DATABASE_POOL_MAX":"10"', '"DATABASE_POOL_MAX":"20"'],
    [/several images/, 'registry.example/unnest:0.1.0', 'registry.example/unnest:0.2.0'],
    [/SMTP_URL is a secret/, '"APP_URL":', '"SMTP_URL":'],
    [/overdue is not measured/, 'unnest_outbox_overdue_seconds', 'unnest_outbox_overdue'],
    [
      /Service unnest-api selects nothing/,
      '"app.kubernetes.io/component":"api"',
      '"a":"b"',
      '"spec":{"selector":{"app',
    ],
    [/api: it may need 549 MB/, '"REALTIME_SOCKETS_PER_POD":"4000"', '"REALTIME_SOCKETS_PER_POD":"10000"'],
    [/REALTIME_ORIGINS lacks https:\/\/shop.example/, '"https://shop.example"', '"https://example.com"'],
    [
      /unnest-api lets in to metric, which api does not have/,
      '"port":"metrics"',
      '"port":"metric"',
      API_POLICY,
    ],
    [
      /unnest-worker lets in to 9464, which worker does not have/,
      '"port":"metrics"',
      '"port":9464',
      WORKER_POLICY,
    ],
    [/migrate is not let out to TCP 5432/, '"port":5432', '"port":5433'],
    [/worker is not let out to TCP 465/, '{"protocol":"TCP","port":465},', ''],
    [/api is not let out to TCP 4318/, ',{"protocol":"TCP","port":4318}', ''],
    [/api is not let out to UDP 53/, '{"protocol":"UDP","port":53},', ''],
    [/Ingress leads to no port web/, '{"name":"http"}', '{"name":"web"}', '"Ingress","metadata"'],
    [/Service leads to metrics/, '"targetPort":"http"', '"targetPort":"metrics"'],
  ]
  for (const [fault, from, to, after] of faults) {
    t.match(faultsOfRelease(planted(from, to, after)).join('\n'), fault)
  }
})

t.test('in production the worker reaches private addresses only where they are named', async (t) => {
  const openWays = (objects: readonly KubernetesObject[]) =>
    openWaysOf(objects, readWorkload(objects, 'worker'))
  t.strictSame(openWays(rendered.production), [])
  t.strictSame(openWays(rendered.base).length, 4, 'the base does not know where anything is')
  const named = ',"to":[{"ipBlock":{"cidr":"10.20.0.0/16"}}]'
  t.strictSame(openWays(planted(named, '', WORKER_POLICY)), ['unnest-worker 6379'])
  t.strictSame(openWays(planted('"10.0.0.0/8",', '', WORKER_POLICY)), ['unnest-worker 443 465 587'])
})

/** Names without the hash of a ConfigMap's content, in an order of their own. */
const comparable = (objects: readonly KubernetesObject[]) =>
  objects
    .map((candidate) =>
      JSON.stringify(candidate).replace(/("unnest-(?:shared|api|worker))-[a-z0-9]{10}"/g, '$1"'),
    )
    .map((text): KubernetesObject => JSON.parse(text))
    .sort((a, b) => `${a.kind} ${a.metadata.name}`.localeCompare(`${b.kind} ${b.metadata.name}`))

const hasKubectl = await new Promise<boolean>((resolve) => {
  execFile('kubectl', ['kustomize', '--help'], (error) => resolve(error === null))
})

t.test('kubectl makes the same of them', { skip: !hasKubectl && 'no kubectl here' }, async (t) => {
  for (const name of OVERLAYS) {
    const text = execFileSync('kubectl', ['kustomize', join(FOLDER, name)], { encoding: 'utf8' })
    const objects = parseAllDocuments(text).map((document) => document.toJS())
    t.strictSame(comparable(objects), comparable(rendered[name]), name)
  }
})

t.test(
  'the document waits for the migration as long as that may take, and names what is there',
  async (t) => {
    const text = readFileSync(join(FOLDER, '../../docs/deployment.md'), 'utf8')
    const job = rendered.production.find(({ kind }) => kind === 'Job')
    const [, seconds] = /kubectl .*wait .*--timeout=(\d+)s job\/unnest-migrate/.exec(text) ?? []
    t.ok(Number(seconds) > Object(job?.['spec']).activeDeadlineSeconds, 'longer than its deadline')
    for (const { kind, metadata } of rendered.production) t.match(text, kind, `${kind} ${metadata.name}`)
  },
)
