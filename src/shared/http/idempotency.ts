import { createHash } from 'node:crypto'
import type { FastifyInstance, FastifyReply, FastifyRequest, RouteHandlerMethod, RouteOptions } from 'fastify'
import { z } from 'zod'
import { noteChanges } from '../database/changes.js'
import { type Database, inOneTransaction } from '../database/client.js'
import {
  findAnswer,
  type KeyScope,
  type RememberedAnswer,
  rememberAnswer,
  takeKey,
} from '../database/idempotency-keys.js'
import { pipelined } from '../database/pipeline.js'
import { idempotencyInFlight, idempotencyKeyReused } from '../errors.js'
import { inEnvelope } from './envelope.js'
import { principalOf } from './principal-of.js'

declare module 'fastify' {
  interface FastifyContextConfig {
    /**
     * Requests with the same Idempotency-Key do once what the route does. Its handler returns the resource and does
     * not send it; all that it writes is one transaction, with the key.
     */
    idempotent?: true
    /**
     * What the request changes that caches know, by their tags. Noted again with a replay: the pod of the first time may
     * have died between its commit and the announcement, and who hears the answer now must not see what was before.
     */
    changes?: (request: FastifyRequest) => readonly string[]
  }
}

const headers = z.looseObject({
  'idempotency-key': z
    .string()
    .regex(/^[\x21-\x7e]{1,255}$/, 'must be 1 to 255 printable ASCII characters without spaces')
    .optional()
    .meta({ description: 'Yours to choose: a retry with the same key gets the first answer, for 24 hours' }),
})

/** What an answer has of its own; all other headers are each request's. */
const REMEMBERED_HEADERS = ['location', 'etag']

const sortKeys = (_key: string, value: unknown): unknown =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
    : value

/** Of what was asked for, as it was understood: white space and the order of fields do not matter. */
const fingerprintOf = ({ params, query, body }: FastifyRequest): Buffer =>
  createHash('sha256')
    .update(JSON.stringify([params, query, body], sortKeys))
    .digest()

const answerOf = (reply: FastifyReply, resource: unknown): RememberedAnswer => {
  if (reply.sent || resource === reply) throw new Error('an idempotent route returns its resource')
  const present = REMEMBERED_HEADERS.map((name) => [name, reply.getHeader(name)] as const)
  return {
    status: reply.statusCode,
    headers: Object.fromEntries(
      present.flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]])),
    ),
    body: String(reply.serialize(inEnvelope(resource))),
  }
}

/** Does the work and remembers the answer, both or neither; or finds that it was done. */
const workOnce = (
  database: Database,
  scope: KeyScope,
  fingerprint: Buffer,
  changes: () => readonly string[],
  work: () => Promise<RememberedAnswer>,
): Promise<RememberedAnswer & { readonly replayed: boolean }> =>
  inOneTransaction(database, async (transaction) => {
    const [isTaken, known] = await pipelined([takeKey(transaction, scope), findAnswer(transaction, scope)])
    if (!isTaken) throw idempotencyInFlight()
    if (known && !known.fingerprint.equals(fingerprint)) throw idempotencyKeyReused()
    if (known) {
      noteChanges(changes())
      return { ...known, replayed: true }
    }
    const answer = await work()
    await rememberAnswer(transaction, scope, { ...answer, fingerprint })
    return { ...answer, replayed: false }
  })

const once = (handler: RouteHandlerMethod, route: string, database: Database): RouteHandlerMethod =>
  async function answerOnce(request, reply) {
    const key = request.headers['idempotency-key']
    if (typeof key !== 'string') return handler.call(this, request, reply)
    const scope = { userId: principalOf(request).userId, route, key }
    const changes = () => request.routeOptions.config.changes?.(request) ?? []
    try {
      const { replayed, ...answer } = await workOnce(
        database,
        scope,
        fingerprintOf(request),
        changes,
        async () => answerOf(reply, await handler.call(this, request, reply)),
      )
      if (replayed) reply.header('idempotency-replayed', 'true')
      reply.code(answer.status).headers(answer.headers).type('application/json; charset=utf-8')
      // The text of the first time, which no serialiser touches again.
      return answer.body
    } catch (error) {
      // What the handler had already said of a thing that now is not there.
      for (const name of REMEMBERED_HEADERS) reply.removeHeader(name)
      throw error
    }
  }

/** Also what this would get wrong: headers or an envelope of the route's own, and a body that is no JSON. */
const isWrong = ({ method, config, schema }: RouteOptions): boolean =>
  method !== 'POST' ||
  config?.access === undefined ||
  config.access === 'public' ||
  config.envelope === false ||
  schema?.headers !== undefined ||
  schema?.consumes !== undefined

/**
 * Gives the routes that say `idempotent` their Idempotency-Key, at boot. Register it before the handlers' deadline, which
 * must come around it: a transaction that is given up while its work goes on would leave half of that outside.
 * @throws Error, when the app gets ready, for a route that creates nothing or knows no caller
 */
export const registerIdempotency = (app: FastifyInstance, database: Database): void => {
  const wrong: string[] = []
  app.addHook('onRoute', (route) => {
    if (!route.config?.idempotent) return
    const name = `${String(route.method)} ${route.url}`
    if (isWrong(route)) wrong.push(name)
    route.schema = { ...route.schema, headers }
    route.handler = once(route.handler, name, database)
  })
  app.addHook('onReady', async () => {
    if (wrong.length > 0)
      throw new Error(`${wrong.join(', ')}: only a plain POST of known callers is idempotent`)
  })
}
