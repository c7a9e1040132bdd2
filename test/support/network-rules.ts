import { z } from 'zod'
import type { KubernetesObject } from './kustomize.js'
import { findObject, type Workload } from './workloads.js'

/*
 * The ways in and out: what Ingress, Service and NetworkPolicies must let through, and what not. Each rule returns its faults.
 */

type Objects = readonly KubernetesObject[]

const port = z.looseObject({ protocol: z.enum(['TCP', 'UDP']), port: z.union([z.number(), z.string()]) })

const peer = z.looseObject({
  ipBlock: z.looseObject({ cidr: z.string(), except: z.array(z.string()).default([]) }).optional(),
})

const policy = z.looseObject({
  metadata: z.looseObject({ name: z.string() }),
  spec: z.looseObject({
    podSelector: z.looseObject({ matchLabels: z.record(z.string(), z.string()).default({}) }),
    ingress: z.array(z.looseObject({ ports: z.array(port) })).default([]),
    egress: z
      .array(z.looseObject({ ports: z.array(port).default([]), to: z.array(peer).optional() }))
      .default([]),
  }),
})

type Policy = z.infer<typeof policy>

const policiesOf = (objects: Objects): Policy[] =>
  objects.filter(({ kind }) => kind === 'NetworkPolicy').map((found) => policy.parse(found))

const selects = ({ spec }: Policy, { labels }: Workload): boolean =>
  Object.entries(spec.podSelector.matchLabels).every(([key, value]) => labels[key] === value)

/** A port that no container has lets nobody in, and is no error to Kubernetes. */
const faultsOfIngress = (policies: readonly Policy[], workload: Workload): string[] => {
  const own = workload.container.ports.flatMap(({ name, containerPort }) => [name, containerPort])
  return policies
    .filter((candidate) => selects(candidate, workload))
    .flatMap(({ metadata, spec }) =>
      spec.ingress
        .flatMap(({ ports }) => ports)
        .filter((asked) => !own.includes(asked.port))
        .map((asked) => `${metadata.name} lets in to ${asked.port}, which ${workload.process} does not have`),
    )
}

const DEFAULT_PORTS: Readonly<Record<string, string>> = {
  'postgres:': '5432',
  'redis:': '6379',
  's3:': '443',
  'smtps:': '465',
}

/** Not a secret, but a way out as well: the receiver of traces as docs/configuration.md has it. */
const TRACES = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318' }
const TRACED = ['api', 'worker']

const waysOut = ({ process, environment }: Workload): string[] => {
  const given = { ...environment, ...(TRACED.includes(process) && TRACES) }
  // Mails name APP_URL, and nobody goes there.
  const urls = Object.entries(given).filter(([name]) => /_(URL|ENDPOINT)$/.test(name) && name !== 'APP_URL')
  return urls.map(([, text]) => {
    const { protocol, port } = new URL(text)
    return `TCP ${port || DEFAULT_PORTS[protocol]}`
  })
}

const NAMES = ['UDP 53', 'TCP 53']

const faultsOfEgress = (policies: readonly Policy[], workload: Workload): string[] => {
  const open = policies
    .filter((candidate) => selects(candidate, workload))
    .flatMap(({ spec }) => spec.egress.flatMap(({ ports }) => ports))
    .map(({ protocol, port }) => `${protocol} ${port}`)
  return [...NAMES, ...waysOut(workload)]
    .filter((wanted) => !open.includes(wanted))
    .map((wanted) => `${workload.process} is not let out to ${wanted}`)
}

/** What policies keep from a workload that it needs, or let in to where nothing is. */
export const faultsOfPolicies = (objects: Objects, workloads: readonly Workload[]): string[] => {
  const policies = policiesOf(objects)
  return workloads.flatMap((workload) => [
    ...faultsOfIngress(policies, workload),
    ...faultsOfEgress(policies, workload),
  ])
}

const backends = z.array(
  z.looseObject({
    http: z.looseObject({
      paths: z.array(
        z.looseObject({
          backend: z.looseObject({
            service: z.looseObject({ name: z.string(), port: z.looseObject({ name: z.string() }) }),
          }),
        }),
      ),
    }),
  }),
)
const servicePorts = z.array(z.looseObject({ name: z.string(), targetPort: z.string() }))

/** The way in: from the Ingress to a port of the Service, from that to a port of the API. */
export const faultsOfRoutes = (objects: Objects, api: Workload): string[] => {
  const portsOf = (name: string) => {
    const service = findObject(objects, 'Service', name)
    return service ? servicePorts.parse(Object(service['spec']).ports) : []
  }
  const rules = objects
    .filter(({ kind }) => kind === 'Ingress')
    .flatMap((ingress) => backends.parse(Object(ingress['spec']).rules))
  const targets = rules.flatMap(({ http }) => http.paths.map(({ backend }) => backend.service))
  return [
    ...targets
      .filter(({ name, port }) => !portsOf(name).some((candidate) => candidate.name === port.name))
      .map(({ name, port }) => `the Ingress leads to no port ${port.name} of ${name}`),
    ...portsOf('unnest-api')
      .filter(({ targetPort }) => targetPort === 'metrics' || !hasPort(api, targetPort))
      .map(({ targetPort }) => `the Service leads to ${targetPort}`),
  ]
}

const hasPort = ({ container }: Workload, name: string): boolean =>
  container.ports.some((port) => port.name === name)

/** Shared addresses of carriers, and the cloud's own for its machines, among them. */
const PRIVATE = ['10.0.0.0/8', '100.64.0.0/10', '169.254.0.0/16', '172.16.0.0/12', '192.168.0.0/16']

/** Ways out of the workload that lead to private addresses which nobody named. */
export const openWaysOf = (objects: Objects, workload: Workload): string[] =>
  policiesOf(objects)
    .filter((candidate) => selects(candidate, workload))
    .flatMap(({ metadata, spec }) =>
      spec.egress.flatMap(({ to, ports }) => {
        const where = `${metadata.name} ${ports.map(({ port }) => port).join(' ')}`.trim()
        const everywhere = to?.filter(
          ({ ipBlock }) =>
            ipBlock?.cidr === '0.0.0.0/0' && PRIVATE.some((cidr) => !ipBlock.except.includes(cidr)),
        )
        return to && everywhere?.length === 0 ? [] : [where]
      }),
    )
