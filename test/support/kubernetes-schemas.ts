import { z } from 'zod'
import type { KubernetesObject } from './kustomize.js'

/** The module of a kind: its class has the schema, compiled to a function. */
const modelModule = z.record(
  z.string(),
  z.custom<{ prototype: { validate(this: unknown): void } }>((value) => typeof value === 'function'),
)

const pathsOf = (value: unknown, path = ''): string[] =>
  value === null || typeof value !== 'object'
    ? [path]
    : [path, ...Object.entries(value).flatMap(([key, inner]) => pathsOf(inner, `${path}/${key}`))]

/**
 * A view that notes which fields are read. The schemas of Kubernetes allow unknown fields, and the server drops those: a
 * misspelt field would silently do nothing. But whoever checks an object asks for each field that it knows.
 */
const noting = (value: unknown, path: string, read: Set<string>): unknown => {
  read.add(path)
  if (value === null || typeof value !== 'object') return value
  return new Proxy(value, {
    get: (target, key, receiver) => {
      const inner: unknown = Reflect.get(target, key, receiver)
      return typeof key === 'string' && Object.hasOwn(target, key)
        ? noting(inner, `${path}/${key}`, read)
        : inner
    },
  })
}

/** What the schema of the object's kind has against it, unknown fields included. */
export const faultsOfSchema = async (candidate: KubernetesObject): Promise<string[]> => {
  const { apiVersion, kind, metadata } = candidate
  const name = `${kind} ${metadata.name}`
  const module = await import(`kubernetes-models/${apiVersion}/${kind}`).catch(() => undefined)
  if (!module) return [`${name}: ${apiVersion} is not known`]
  const read = new Set<string>()
  const faults: string[] = []
  try {
    modelModule.parse({ ...module })[kind]?.prototype.validate.call(noting(candidate, '', read))
  } catch (error) {
    faults.push(`${name}: ${String(error)}`)
  }
  const unknown = pathsOf(candidate).filter((path) => !read.has(path))
  return [...faults, ...unknown.map((path) => `${name}: ${path} is not known`)]
}
