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
 * What kustomize makes of a folder, as far as our folders need it: resources, namespace, images, ConfigMaps from literals. Their
 * names stay without the hash.
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
  return withImages(objects, settings.images)
}
