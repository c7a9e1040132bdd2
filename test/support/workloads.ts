import { z } from 'zod'
import { type Process, secrets } from './deployment-environment.js'
import type { KubernetesObject } from './kustomize.js'

const probe = z.looseObject({
  httpGet: z.looseObject({ path: z.string(), port: z.string() }),
  timeoutSeconds: z.number().default(1),
})

const container = z.looseObject({
  image: z.string(),
  args: z.array(z.string()),
  ports: z.array(z.looseObject({ name: z.string(), containerPort: z.number() })).default([]),
  envFrom: z.array(z.strictObject({ configMapRef: z.strictObject({ name: z.string() }) })).default([]),
  // Nothing is set here but secrets: what is none belongs to a ConfigMap.
  env: z.array(
    z.strictObject({
      name: z.string(),
      valueFrom: z.strictObject({
        secretKeyRef: z.strictObject({ name: z.string(), key: z.string(), optional: z.boolean().optional() }),
      }),
    }),
  ),
  startupProbe: probe.optional(),
  livenessProbe: probe.optional(),
  readinessProbe: probe.optional(),
  lifecycle: z.unknown().optional(),
  securityContext: z.unknown().optional(),
  resources: z.unknown().optional(),
  volumeMounts: z.array(z.looseObject({ name: z.string(), mountPath: z.string() })).default([]),
})

const workload = z.looseObject({
  spec: z.looseObject({
    replicas: z.number().optional(),
    minReadySeconds: z.number().default(0),
    strategy: z
      .looseObject({ rollingUpdate: z.looseObject({ maxSurge: z.number(), maxUnavailable: z.number() }) })
      .optional(),
    template: z.looseObject({
      metadata: z.looseObject({ labels: z.record(z.string(), z.string()) }),
      spec: z.looseObject({
        containers: z.tuple([container]),
        automountServiceAccountToken: z.boolean().default(true),
        terminationGracePeriodSeconds: z.number().default(30),
        securityContext: z.unknown().optional(),
        volumes: z.array(z.looseObject({ name: z.string(), emptyDir: z.unknown().optional() })).default([]),
      }),
    }),
  }),
})

const NAMES = {
  api: ['Deployment', 'unnest-api'],
  worker: ['Deployment', 'unnest-worker'],
  migrate: ['Job', 'unnest-migrate'],
} as const

export const findObject = (objects: readonly KubernetesObject[], kind: string, name: string) =>
  objects.find((candidate) => candidate.kind === kind && candidate.metadata.name === name)

const dataOf = (configMap: KubernetesObject | undefined): Record<string, string> =>
  z.record(z.string(), z.string()).parse(configMap?.['data'])

/** One of our three processes as the manifests start it. */
export interface Workload extends Pick<z.infer<typeof workload>, 'spec'> {
  readonly process: Process
  readonly pod: z.infer<typeof workload>['spec']['template']['spec']
  readonly labels: Readonly<Record<string, string>>
  readonly container: z.infer<typeof container>
  /** What it is given, with stand-ins for the secrets. */
  readonly environment: Readonly<Record<string, string>>
}

/** @throws ZodError when it is not there, names a ConfigMap that is not there, or sets a variable in another way */
export const readWorkload = (objects: readonly KubernetesObject[], process: Process): Workload => {
  const [kind, name] = NAMES[process]
  const { spec } = workload.parse(findObject(objects, kind, name))
  const { spec: pod, metadata } = spec.template
  const [first] = pod.containers
  const settings = first.envFrom.map(({ configMapRef: { name } }) =>
    dataOf(findObject(objects, 'ConfigMap', name)),
  )
  const hidden = first.env.map(({ name, valueFrom: { secretKeyRef } }) => [
    name,
    secrets[secretKeyRef.key] ?? '',
  ])
  const environment = Object.assign({}, ...settings, Object.fromEntries(hidden))
  return { process, spec, pod, labels: metadata.labels, container: first, environment }
}
