import { addAbortSignal } from 'node:stream'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { hasTag } from '../shared/http/conditional.js'
import type { Content } from './uploads.service.js'
import type { Variant } from './uploads.variants.js'

/** Who reads an image more slowly than this is cut off: a stream from the storage waits for him. */
const SEND_TIMEOUT_MS = 60_000

export interface Delivery {
  /** Names the image to the caller, in its tag and its file name. */
  readonly id: string
  readonly variant: Variant
  readonly caching: string
  readonly open: () => Promise<Content>
}

const extensionOf = (contentType: string): string => contentType.replace(/^.*\//, '').replace('jpeg', 'jpg')

/** Sends a variant, or 304 to whoever has it. What an id and a variant name never changes. */
export const deliver = async (
  request: FastifyRequest,
  reply: FastifyReply,
  { id, variant, caching, open }: Delivery,
): Promise<FastifyReply> => {
  const etag = `"${id}-${variant}"`
  reply.header('etag', etag).header('cache-control', caching)
  if (hasTag(request, etag)) return reply.code(304).send()
  // A storage that is slow makes none wait who needs Postgres.
  request.leavePool()
  const { stream, bytes, contentType } = await open()
  return reply
    .type(contentType)
    .headers({
      'content-length': bytes,
      'content-disposition': `inline; filename="${id}-${variant}.${extensionOf(contentType)}"`,
      'x-content-type-options': 'nosniff',
      'content-security-policy': "default-src 'none'; sandbox",
    })
    .send(addAbortSignal(AbortSignal.timeout(SEND_TIMEOUT_MS), stream))
}
