import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse, parseAllDocuments } from 'yaml'
import { z } from 'zod'

const object = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.looseObject({ name: z.string(), namespace: z.string().optional() }),
})

/** One object as `kubectl apply` sends it. */
export type KubernetesObject = z.infer<typeof object>

/** A JSON patch (RFC 6902), of which our folders need `add` to an object alone. */
const addition = z.strictObject({
  op: z.literal('add'),
  path: z.string().startsWith('/'),
  value: z.unknown(),
})

const patch = z.strictObject({
  target: z.strictObject({ kind: z.string(), name: z.string() }),
  patch: z
    .string()
    .transform((text): unknown => parse(text))
    .pipe(z.array(addition)),
})

/** Strict: a field that is not read here is refused, and never taken for harmless. */
const kustomization = z.strictObject({
  apiVersion: z.literal('kustomize.config.k8s.io/v1beta1'),
  kind: z.literal('Kustomization'),
  namespace: z.string().optional(),
  resources: z.array(z.string()),
  images: z.array(z.strictObject({ name: z.string(), newName: z.string(), newTag: z.string() })).default([]),
  configMapGenerator: z
    .array(
      z.strictObject({
        name: z.string(),
        behavior: z.literal('merge').optional(),
        literals: z.array(z.string().regex(/^[A-Z_]+=/)),
      }),
    )
    .default([]),
  patches: z.array(patch).default([]),
})

type Kustomization = z.infer<typeof kustomization>

const dataOf = (literals: readonly string[]): Record<string, string> =>
  Object.fromEntries(literals.map((literal) => literal.split(/=(.*)/s, 2)))

const withConfigMaps = (
  objects: readonly KubernetesObject[],
  { configMapGenerator, namespace }: Kustomization,
): KubernetesObject[] => {
  const merged = objects.map((candidate) => {
    const generator = configMapGenerator.find(
      ({ name, behavior }) => behavior && candidate.kind === 'ConfigMap' && candidate.metadata.name === name,
    )
    if (!generator) return candidate
    return { ...candidate, data: { ...Object(candidate['data']), ...dataOf(generator.literals) } }
  })
  const made = configMapGenerator
    .filter(({ behavior }) => !behavior)
    .map(({ name, literals }) => ({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name, ...(namespace && { namespace }) },
      data: dataOf(literals),
    }))
  return [...merged, ...made]
}

const addTo = (candidate: KubernetesObject, { path, value }: z.infer<typeof addition>): void => {
  const keys = path.slice(1).split('/')
  const last = keys.pop() ?? ''
  const parent: unknown = keys.reduce((node, key) => Object(node)[key], candidate)
  if (!z.record(z.string(), z.unknown()).safeParse(parent).success)
    throw new Error(`${candidate.metadata.name} has no ${path} to add to`)
  Object.assign(Object(parent), { [last]: value })
}

/** @throws Error for a patch of nothing, which kustomize leaves out without a word */
const withPatches = (
  objects: readonly KubernetesObject[],
  { patches }: Kustomization,
): KubernetesObject[] => {
  const patched = structuredClone([...objects])
  for (const { target, patch: additions } of patches) {
    const name = new RegExp(`^(?:${target.name})$`)
    const found = patched.filter(({ kind, metadata }) => kind === target.kind && name.test(metadata.name))
    if (found.length === 0) throw new Error(`there is no ${target.kind} ${target.name} to patch`)
    for (const candidate of found) for (const one of additions) addTo(candidate, one)
  }
  return patched
}

/** Every `image` below, wherever it stands. */
const withImages = <T>(node: T, images: Kustomization['images']): T =>
  JSON.parse(JSON.stringify(node), (key, value) => {
    const image = key === 'image' && images.find(({ name }) => name === value)
    return image ? `${image.newName}:${image.newTag}` : value
  })

const inNamespace = (candidate: KubernetesObject, namespace: string | undefined): KubernetesObject =>
  namespace === undefined || candidate.kind === 'Namespace'
    ? candidate
    : { ...candidate, metadata: { ...candidate.metadata, namespace } }

const readObjects = (file: string): KubernetesObject[] =>
  parseAllDocuments(readFileSync(file, 'utf8')).map((document) => {
    if (document.errors.length > 0) throw new Error(`${file}: ${document.errors[0]?.message}`)
    return object.parse(document.toJS())
  })

/**
 * What kustomize makes of a folder, as far as our folders need it: resources, namespace, images, ConfigMaps from literals,
 * patches. Names stay without the hash.
 * @throws ZodError for any other field
 */
export const renderKustomization = (folder: string): KubernetesObject[] => {
  const settings = kustomization.parse(parse(readFileSync(join(folder, 'kustomization.yaml'), 'utf8')))
  const resources = settings.resources.flatMap((path) =>
    path.endsWith('.yaml') ? readObjects(join(folder, path)) : renderKustomization(join(folder, path)),
  )
  const objects = withConfigMaps(
    resources.map((candidate) => inNamespace(candidate, settings.namespace)),
    settings,
  )
  return withImages(withPatches(objects, settings), settings.images)
}
