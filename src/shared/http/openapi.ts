import swagger, { type SwaggerTransform } from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import type { FastifyInstance } from 'fastify'
import { jsonSchemaTransform } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { PROBLEM_CONTENT_TYPE } from './problem.js'

const problemSchema = z
  .looseObject({
    type: z.string().meta({ description: 'Names the kind of problem; `code` says the same in short.' }),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    instance: z.string(),
    code: z.string().meta({ description: 'Stable: program against this.' }),
    requestId: z.string(),
    errors: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
  })
  .meta({ description: 'RFC 9457 problem details' })

const [problemMediaType] = PROBLEM_CONTENT_TYPE.split(';') as [string]

const problemResponse = {
  description: 'Any error',
  content: { [problemMediaType]: { schema: problemSchema } },
}

const notModified = z.null().meta({ description: 'Still what If-None-Match names' })

/** Adds to each operation what holds for all: who may call it, and the form of its errors. */
const transform: SwaggerTransform = (document) => {
  const { schema, url } = document
  const { access, conditional } = document.route.config ?? {}
  if (!schema || schema.hide) return { schema: { hide: true }, url }
  return jsonSchemaTransform({
    ...document,
    schema: {
      ...schema,
      ...(access !== 'public' && { security: [{ bearer: [] }] }),
      response: {
        ...(schema.response as object | undefined),
        ...(conditional === 'if-none-match' && { 304: notModified }),
        default: problemResponse,
      },
    },
  })
}

const document = {
  openapi: '3.1.0',
  info: { title: 'Unnest', version: '1', description: 'A production REST backend on Fastify.' },
  components: {
    securitySchemes: { bearer: { type: 'http' as const, scheme: 'bearer', bearerFormat: 'JWT' } },
  },
}

/** Collects the routes that follow. Call it before they are added. */
export const registerOpenApi = async (app: FastifyInstance): Promise<void> => {
  await app.register(swagger, { openapi: document, transform })
}

/**
 * The page takes everything from here: the plugin's own policy also admits any https host, and its
 * `upgrade-insecure-requests` leaves the page blank on http://some-host.
 */
const pagePolicy = {
  'default-src': "'none'",
  'base-uri': "'none'",
  'connect-src': "'self'",
  'font-src': "'self'",
  'form-action': "'none'",
  'frame-ancestors': "'none'",
  'img-src': "'self' data:",
  'script-src': "'self'",
  'style-src': "'self'",
}

/** Serves the document at /openapi.json and its page at /docs. */
export const registerDocs = async (app: FastifyInstance): Promise<void> => {
  let text: string | undefined
  app.get('/openapi.json', { config: { access: 'public' }, schema: { hide: true } }, (_request, reply) => {
    text ??= JSON.stringify(app.swagger())
    return reply.type('application/json; charset=utf-8').send(text)
  })
  await app.register(async (subtree) => {
    subtree.decorate('accessOfSubtree', 'public')
    await subtree.register(swaggerUi, {
      routePrefix: '/docs',
      staticCSP: pagePolicy,
      theme: { title: 'Unnest' },
    })
  })
}
