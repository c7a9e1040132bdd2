import type { FastifyReply, FastifyRequest } from 'fastify'
import type { VersionCheck } from '../version.js'

/** A resource's version as its entity tag: strong, since one version has one representation. */
export const etagOf = (version: number): string => `"${version}"`

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
  return tagsOf(header).flatMap(({ weak, tag }) => (!weak && /^\d{1,9}$/.test(tag) ? [Number(tag)] : []))
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

/**
 * Answers a GET of a versioned resource: with 304, and no body is built, when If-None-Match names the version
 * that the client would get.
 */
export const answerVersioned = <T extends { readonly version: number }>(
  { headers }: Pick<FastifyRequest, 'headers'>,
  reply: FastifyReply,
  resource: T,
): T | FastifyReply => {
  noteVersion(reply, resource)
  const known = headers['if-none-match']
  return known !== undefined && isKnown(known, etagOf(resource.version)) ? reply.code(304).send() : resource
}
