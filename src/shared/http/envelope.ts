import type { FastifyInstance, FastifySchema, preSerializationHookHandler } from 'fastify'
import { z } from 'zod'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** False where another standard fixes the shape of the body. */
    envelope?: false
  }
}

const pages = new WeakSet<z.ZodType>()

/** The schema of one page of a list: it is its own envelope, `{data: [...], meta: {nextCursor}}`. */
export const pageOf = <Item extends z.ZodType>(item: Item) => {
  const page = z.object({
    data: z.array(item),
    meta: z.object({ nextCursor: z.string().nullable() }),
  })
  pages.add(page)
  return page
}

/** For whoever serialises a resource himself. */
export const inEnvelope = <T>(resource: T): { readonly data: T } => ({ data: resource })

const wrap: preSerializationHookHandler = (_request, _reply, payload, done) => done(null, inEnvelope(payload))

/** A success with a body: 204 has none. */
const isSuccess = (status: string): boolean => /^2/.test(status) && status !== '204'

/** One for each schema: what is compiled of it is kept by it. */
const envelopes = new WeakMap<z.ZodType, z.ZodType>()

const envelopeOf = (schema: z.ZodType): z.ZodType => {
  const envelope = envelopes.get(schema) ?? z.object({ data: schema })
  envelopes.set(schema, envelope)
  return envelope
}

const wrapSchemas = (response: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(response).map(([status, schema]) =>
      isSuccess(status) && schema instanceof z.ZodType ? [status, envelopeOf(schema)] : [status, schema],
    ),
  )

const isPage = (response: Record<string, unknown>): boolean =>
  Object.values(response).some((schema) => schema instanceof z.ZodType && pages.has(schema))

const responsesOf = (schema: FastifySchema | undefined): Record<string, unknown> | undefined =>
  typeof schema?.response === 'object' && schema.response !== null
    ? (schema.response as Record<string, unknown>)
    : undefined

/**
 * Puts each success into `{data: ...}`. Handlers return the resource and routes declare its schema; the
 * envelope is added to both at boot, so that the serialiser and the document know it too.
 */
export const registerEnvelope = (app: FastifyInstance): void => {
  app.addHook('onRoute', (route) => {
    const response = responsesOf(route.schema)
    if (!response || route.config?.envelope === false || isPage(response)) return
    // A new object: the options of the HEAD route share the old one and pass here again.
    route.schema = { ...route.schema, response: wrapSchemas(response) }
    route.preSerialization = [...[route.preSerialization ?? []].flat(), wrap]
  })
}
