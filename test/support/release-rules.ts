import { Registry } from 'prom-client'
import { z } from 'zod'
import { faultOfBudget } from '../../src/shared/database/connection-budget.js'
import { createQueueMetrics } from '../../src/shared/queue/queue-metrics.js'
import { configOf, secrets } from './deployment-environment.js'
import type { KubernetesObject } from './kustomize.js'
import { faultsOfPolicies, faultsOfRoutes } from './network-rules.js'
import { faultsOfWorkload } from './workload-rules.js'
import { findObject, readWorkload, type Workload } from './workloads.js'

type Objects = readonly KubernetesObject[]

/** Of a Postgres with nothing set: 100, less 3 that it reserves. */
const DEFAULT_CONNECTIONS = 97

const labels = z.record(z.string(), z.string())

const metricNames = (): string[] => {
  const registry = new Registry()
  createQueueMetrics(registry, async () => ({ rows: [], oldest: [] }))
  return registry.getMetricsAsArray().map(({ name }) => name)
}

const autoscaler = z.looseObject({
  spec: z.looseObject({
    scaleTargetRef: z.looseObject({ name: z.string() }),
    maxReplicas: z.number(),
    metrics: z.array(
      z.looseObject({
        external: z.looseObject({ metric: z.looseObject({ name: z.string() }) }).optional(),
      }),
    ),
  }),
})

const autoscalersOf = (objects: Objects) =>
  objects
    .filter(({ kind }) => kind === 'HorizontalPodAutoscaler')
    .map((found) => autoscaler.parse(found).spec)

const faultsOfAutoscalers = (objects: Objects): string[] =>
  autoscalersOf(objects).flatMap(({ scaleTargetRef: { name }, metrics }) => [
    ...(findObject(objects, 'Deployment', name) ? [] : [`nothing is called ${name} to scale`]),
    ...metrics
      .flatMap(({ external }) => external?.metric.name ?? [])
      .filter((metric) => !metricNames().includes(metric))
      .map((metric) => `${metric} is not measured`),
  ])

/** Those that may run at once: the most of the autoscaler, one that starts and one that ends. */
const mostPods = (objects: Objects, { process, spec }: Workload): number => {
  const scaled = autoscalersOf(objects).find(
    ({ scaleTargetRef }) => scaleTargetRef.name === `unnest-${process}`,
  )
  return (scaled?.maxReplicas ?? 1) + 2 * (spec.strategy?.rollingUpdate.maxSurge ?? 0)
}

const faultsOfConnections = (objects: Objects, api: Workload, worker: Workload): string[] => {
  const configs = [configOf('api', api.environment), configOf('worker', worker.environment)]
  const [pods, workers] = [mostPods(objects, api), mostPods(objects, worker)]
  return configs.flatMap((config) => {
    const { DATABASE_POOL_MAX: poolMax, DATABASE_CONNECTION_LIMIT: limit = DEFAULT_CONNECTIONS } = config
    const fleet = { pods, poolMax, workers, workerPoolMax: config.DATABASE_WORKER_POOL_MAX ?? poolMax }
    const fault = faultOfBudget(fleet, limit)
    return [
      ...(config.EXPECTED_PODS < pods ? [`EXPECTED_PODS: ${pods} may run`] : []),
      ...(config.EXPECTED_WORKERS < workers ? [`EXPECTED_WORKERS: ${workers} may run`] : []),
      ...(fault === undefined ? [] : [fault]),
    ]
  })
}

const selecting = z.looseObject({
  spec: z.looseObject({ selector: z.unknown().optional(), podSelector: z.unknown().optional() }),
})

/** A selector that selects nothing is no error to Kubernetes: the object silently does nothing. */
const faultsOfSelectors = (objects: Objects, workloads: readonly Workload[]): string[] =>
  objects
    .filter(({ kind }) => ['Service', 'PodDisruptionBudget', 'NetworkPolicy', 'Deployment'].includes(kind))
    .flatMap((candidate) => {
      const { selector, podSelector } = selecting.parse(candidate).spec
      const plain: unknown = Object(podSelector ?? selector)
      const wanted = Object.entries(labels.parse(Object(plain).matchLabels ?? plain))
      const selected = workloads.some((workload) =>
        wanted.every(([key, value]) => workload.labels[key] === value),
      )
      return selected ? [] : [`${candidate.kind} ${candidate.metadata.name} selects nothing`]
    })

const faultsOfSecrets = (objects: Objects): string[] =>
  objects.flatMap(({ kind, metadata, data }) => [
    ...(kind === 'Secret' ? [`the secret ${metadata.name} is in the repository`] : []),
    ...(kind === 'ConfigMap'
      ? Object.keys(Object(data))
          .filter((name) => name in secrets)
          .map((name) => `${name} is a secret`)
      : []),
  ])

/** A browser says where its page came from: sockets of the front end's own pages must not be refused. */
const faultsOfOrigins = (api: Workload, worker: Workload): string[] => {
  const { APP_URL } = configOf('worker', worker.environment)
  const { REALTIME_ORIGINS } = configOf('api', api.environment)
  const origin = APP_URL && new URL(APP_URL).origin
  return origin && !REALTIME_ORIGINS.includes(origin) ? [`REALTIME_ORIGINS lacks ${origin}`] : []
}

/** What in a rendered deployment does not fit together, or does not fit the code. */
export const faultsOfRelease = (objects: Objects): string[] => {
  const api = readWorkload(objects, 'api')
  const worker = readWorkload(objects, 'worker')
  const workloads = [api, worker, readWorkload(objects, 'migrate')]
  const images = new Set(workloads.map(({ container }) => container.image))
  const refused = workloads.flatMap(faultsOfWorkload)
  // Without a valid environment there is nothing to count connections from.
  const settings =
    refused.length > 0 ? [] : [...faultsOfConnections(objects, api, worker), ...faultsOfOrigins(api, worker)]
  return [
    ...refused,
    ...settings,
    ...(images.size > 1 ? [`several images: ${[...images].join(', ')}`] : []),
    ...faultsOfSecrets(objects),
    ...faultsOfAutoscalers(objects),
    ...faultsOfSelectors(objects, workloads),
    ...faultsOfRoutes(objects, api),
    ...faultsOfPolicies(objects, workloads),
  ]
}
