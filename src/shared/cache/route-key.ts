import { createHash } from 'node:crypto'
import type { FastifyRequest } from 'fastify'

/** Paths that can be spelt in one way only: nothing encoded, no capitals. */
const CANONICAL_PATH = /^[a-z0-9/._-]+$/
/** Above the longest address that a list understands; what is longer is no use to anybody. */
const MAX_URL_LENGTH = 4_096
const MAX_KEY_LENGTH = 200

const shorten = (key: string): string =>
  key.length > MAX_KEY_LENGTH ? `sha256:${createHash('sha256').update(key).digest('base64url')}` : key

/**
 * One key for one answer: the order of the query's parameters does not make another one, and a path that
 * could be spelt otherwise (`%30`, a UUID in capitals) has none, since each spelling would be an entry. The query is the one
 * that the handler will see: read by another parser it could be another's, whose answer would then be kept under it.
 * @returns undefined for what is not to be kept
 */
export const routeKeyOf = (request: FastifyRequest, scope: 'shared' | 'principal'): string | undefined => {
  const { principal } = request
  const owner = scope === 'shared' ? scope : principal ? `${principal.userId}:${principal.role}` : 'anonymous'
  const end = request.url.indexOf('?')
  const path = end < 0 ? request.url : request.url.slice(0, end)
  if (request.url.length > MAX_URL_LENGTH || !CANONICAL_PATH.test(path)) return undefined
  // Most addresses have no query, and this is on the way of every hit.
  if (end < 0) return shorten(`route:${owner}:${path}?[]`)
  // An object by Fastify's own parser; its type is open until the route's schema has judged it.
  const parameters = Object.entries(request.query as Record<string, unknown>).sort(([a], [b]) =>
    a < b ? -1 : 1,
  )
  return shorten(`route:${owner}:${path}?${JSON.stringify(parameters)}`)
}
