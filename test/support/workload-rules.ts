import { isDeepStrictEqual } from 'node:util'
import { apiMemory, bytesOf } from './api-memory.js'
import { configOf, faultsOfEnvironment, imageEnvironment } from './deployment-environment.js'
import type { Workload } from './workloads.js'

/*
 * What the manifest of a process must keep to, so that it fits the code. Each rule returns its faults.
 */

type Rule = (workload: Workload) => readonly (string | false)[]

const ARGUMENTS = { api: 'dist/server.js', worker: 'dist/worker.js', migrate: 'dist/migrate.js' } as const
/** What `/readyz` may take to hear from Postgres. */
const READY_SECONDS = 1
const MIN_DRAIN_MS = 5_000

/** What Kubernetes calls restricted, and a root folder that cannot be written. */
const POD_SECURITY = {
  runAsNonRoot: true,
  runAsUser: 1000,
  runAsGroup: 1000,
  fsGroup: 1000,
  seccompProfile: { type: 'RuntimeDefault' },
}
const CONTAINER_SECURITY = {
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  capabilities: { drop: ['ALL'] },
}

const command: Rule = ({ process, container }) => [
  !isDeepStrictEqual(container.args, [ARGUMENTS[process]]) && `its command is ${container.args}`,
]

const security: Rule = ({ pod, container }) => [
  !isDeepStrictEqual(pod.securityContext, POD_SECURITY) && 'its pod has other rights',
  !isDeepStrictEqual(container.securityContext, CONTAINER_SECURITY) && 'its container has other rights',
  pod.automountServiceAccountToken && 'it has a token for the cluster',
]

const folders: Rule = ({ process, pod, container }) => {
  const mounted = container.volumeMounts.filter(({ mountPath }) => mountPath === imageEnvironment['DATA_DIR'])
  const limited = pod.volumes.filter(({ emptyDir }) => Object.hasOwn(Object(emptyDir), 'sizeLimit'))
  const isThere = mounted.some(({ name }) => limited.some((volume) => volume.name === name))
  return [process !== 'migrate' && !isThere && 'its DATA_DIR is no emptyDir with a limit']
}

const resources: Rule = ({ container }) => {
  const { requests, limits } = Object(container.resources)
  return [(!requests?.cpu || !requests?.memory || !limits?.memory) && 'its resources are not stated']
}

const memory: Rule = ({ process, container, environment }) => {
  if (process !== 'api') return []
  const wanted = apiMemory(configOf('api', environment))
  const fits = wanted <= bytesOf(String(Object(container.resources).limits?.memory))
  return [!fits && `it may need ${Math.round(wanted / 1e6)} MB, which its limit does not have`]
}

const wantedPorts = (workload: Workload): Record<string, number> => {
  if (workload.process === 'migrate') return {}
  if (workload.process === 'worker') {
    return { metrics: configOf('worker', workload.environment).METRICS_PORT }
  }
  const { PORT: http, METRICS_PORT: metrics } = configOf('api', workload.environment)
  return { http, metrics }
}

const ports: Rule = (workload) => {
  const given = workload.container.ports.map(({ name, containerPort }) => [name, containerPort])
  return [
    !isDeepStrictEqual(Object.fromEntries(given), wantedPorts(workload)) &&
      `its ports are ${given.join(' ')}`,
  ]
}

const probes: Rule = ({ process, container }) => {
  if (process === 'migrate') return []
  const port = process === 'api' ? 'http' : 'metrics'
  const wanted = { startupProbe: '/livez', livenessProbe: '/livez', readinessProbe: '/readyz' } as const
  const names = ['startupProbe', 'livenessProbe', 'readinessProbe'] as const
  return [
    ...names.map((name) => {
      const { path, port: asked } = container[name]?.httpGet ?? {}
      return (path !== wanted[name] || asked !== port) && `its ${name} asks ${path} on ${asked}`
    }),
    Number(container.readinessProbe?.timeoutSeconds) <= READY_SECONDS && 'its readinessProbe is impatient',
  ]
}

const endingMs = ({ process, environment }: Workload): number => {
  if (process === 'migrate') return 0
  if (process === 'worker') return configOf('worker', environment).SHUTDOWN_GRACE_MS
  const { READINESS_DRAIN_MS, SHUTDOWN_GRACE_MS } = configOf('api', environment)
  return READINESS_DRAIN_MS + SHUTDOWN_GRACE_MS
}

const ending: Rule = (workload) => {
  const { process, pod, container, environment } = workload
  const draining = process === 'api' ? configOf('api', environment).READINESS_DRAIN_MS : MIN_DRAIN_MS
  return [
    pod.terminationGracePeriodSeconds * 1_000 <= endingMs(workload) && 'it is killed before it has ended',
    draining < MIN_DRAIN_MS && 'it drains before balancers have heard of it',
    container.lifecycle !== undefined && 'it has a hook beside SIGTERM',
  ]
}

/** Of pods that end, one at a time: what EXPECTED_PODS counts on. */
const rollOut: Rule = ({ process, spec, pod }) => {
  if (process === 'migrate') return []
  return [
    spec.minReadySeconds < pod.terminationGracePeriodSeconds && 'a roll-out ends several pods at once',
    spec.strategy?.rollingUpdate.maxUnavailable !== 0 && 'a roll-out begins with a pod less',
    spec.replicas !== undefined && 'its replicas undo what the autoscaler decides',
  ]
}

const RULES: readonly Rule[] = [command, security, folders, resources, memory, ports, probes, ending, rollOut]

/** What does not fit; with an environment that the process refuses, only that. */
export const faultsOfWorkload = (workload: Workload): string[] => {
  const { process, environment } = workload
  const refused = faultsOfEnvironment(process, environment)
  if (refused.length > 0) return refused
  return RULES.flatMap((rule) => rule(workload))
    .filter((fault) => fault !== false)
    .map((fault) => `${process}: ${fault}`)
}
