import type { FastifyReply, FastifyRequest } from 'fastify'
import type { VersionCheck } from '../version.js'

/** A resource's version as its entity tag: strong, since one version has one representation. */
export const etagOf = (version: number): string => `"${version}"`

/**
 * Lets the caller's own cache keep an answer, to ask for it with its tag: told to store nothing, a browser would never ask.
 */
export const mayRevalidate = (reply: FastifyReply): FastifyReply =>
  reply.header('cache-control', 'private, no-cache')

const TAG = /^\s*(W\/)?"([^"]*)"\s*$/

/** The tags of an If-Match or If-None-Match; `*` is the list's own word for "any". */
const tagsOf = (header: string): { readonly weak: boolean; readonly tag: string }[] =>
  header.split(',').flatMap((item) => {
    const [, weak, tag] = TAG.exec(item) ?? []
    return tag === undefined ? [] : [{ weak: weak !== undefined, tag }]
  })

/**
 * The versions that the request's If-Match (RFC 9110, 13.1.1) names; undefined when any will do. A weak tag
 * never matches, and neither does what is no tag at all.
 */
export const expectedVersions = ({ headers }: FastifyRequest): VersionCheck => {
  const header = headers['if-match']
  if (header === undefined || header.trim() === '*') return undefined
  return tagsOf(header).flatMap(({ weak, tag }) => (!weak && /^[1-9]\d{0,8}$/.test(tag) ? [Number(tag)] : []))
}

/** Puts the version on the answer, as its ETag. @returns the resource itself */
export const noteVersion = <T extends { readonly version: number }>(
  reply: Pick<FastifyReply, 'header'>,
  resource: T,
): T => {
  reply.header('etag', etagOf(resource.version))
  return resource
}

/** Whether the client has this very version already (RFC 9110, 13.1.2: weak comparison). */
const isKnown = (header: string, etag: string): boolean =>
  header.trim() === '*' || tagsOf(header).some(({ tag }) => `"${tag}"` === etag)

/** Whether the request's If-None-Match names this tag; false without one. */
export const hasTag = ({ headers }: Pick<FastifyRequest, 'headers'>, etag: string): boolean => {
  const known = headers['if-none-match']
  return known !== undefined && isKnown(known, etag)
}

const hasVersion = (request: Pick<FastifyRequest, 'headers'>, version: number): boolean =>
  hasTag(request, etagOf(version))

/**
 * Answers a GET of a versioned resource: with 304, and no body is built, when If-None-Match names the version
 * that the client would get.
 */
export const answerVersioned = <T extends { readonly version: number }>(
  request: Pick<FastifyRequest, 'headers'>,
  reply: FastifyReply,
  resource: T,
): T | FastifyReply => {
  noteVersion(reply, resource)
  return hasVersion(request, resource.version) ? reply.code(304).send() : resource
}

/** How to read a resource, and its version alone. */
export interface VersionedReads<T> {
  readonly version: () => Promise<number>
  readonly resource: () => Promise<T>
}

/**
 * The same where the resource costs more to read than its version: whoever asks with If-None-Match has the version
 * looked up first, and most often nothing else.
 */
export const answerUnlessKnown = async <T extends { readonly version: number }>(
  request: Pick<FastifyRequest, 'headers'>,
  reply: FastifyReply,
  { version, resource }: VersionedReads<T>,
): Promise<T | FastifyReply> => {
  if (request.headers['if-none-match'] !== undefined) {
    const current = await version()
    if (hasVersion(request, current)) return reply.header('etag', etagOf(current)).code(304).send()
  }
  return noteVersion(reply, await resource())
}
