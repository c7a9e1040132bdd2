import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { Redis } from 'ioredis'
import { pino } from 'pino'
import { z } from 'zod'
import { createQueries } from './queries.js'
import { createVerifier } from './tokens.js'

/*
 * The limit: what the read paths cost when nothing but them is there. node:http, the same two drivers, a verified token, the
 * same log line; no framework, no validation, no limits, no revocation, no error model. Nobody should run this.
 */

const PAGE = 20

const env = z
  .object({
    PORT: z.coerce.number(),
    DATABASE_URL: z.string(),
    DATABASE_POOL_MAX: z.coerce.number(),
    REDIS_URL: z.string(),
    REDIS_PREFIX: z.string(),
    JWT_PRIVATE_KEYS: z.string(),
    CACHE_ENABLED: z.enum(['true', 'false']),
    CACHE_TTL_SECONDS: z.coerce.number(),
  })
  .parse(process.env)

const logger = pino(
  { base: { process: 'raw', pid: process.pid }, timestamp: pino.stdTimeFunctions.isoTime },
  pino.destination({ dest: 1, sync: false, minLength: 4_096, periodicFlush: 50 }),
)
const queries = createQueries(env.DATABASE_URL, env.DATABASE_POOL_MAX)
const redis = new Redis(env.REDIS_URL)
const callerOf = createVerifier(env.JWT_PRIVATE_KEYS)

class Refused extends Error {
  constructor(readonly status: number) {
    super(String(status))
  }
}

const requireCaller = ({ headers }: IncomingMessage): string => {
  const caller = callerOf(headers.authorization ?? '')
  if (caller === undefined) throw new Refused(401)
  return caller
}

/** From Redis, or else made and kept there. */
const cached = async (path: string, make: () => Promise<string>): Promise<string> => {
  if (env.CACHE_ENABLED === 'false') return make()
  const key = `${env.REDIS_PREFIX}:${path}`
  const kept = await redis.get(key)
  if (kept !== null) return kept
  const body = await make()
  await redis.set(key, body, 'EX', env.CACHE_TTL_SECONDS)
  return body
}

const page = (rows: readonly { readonly id: string }[]): string => {
  const nextCursor = rows.length > PAGE ? Buffer.from(rows[PAGE - 1]?.id ?? '').toString('base64url') : null
  return JSON.stringify({ data: rows.slice(0, PAGE), meta: { nextCursor } })
}

const profile = async (path: string): Promise<string> => {
  const data = await queries.profile(path.slice('/v1/users/'.length))
  if (!data) throw new Refused(404)
  return JSON.stringify({ data })
}

const answer = async (request: IncomingMessage): Promise<string> => {
  const { url = '' } = request
  if (url === '/livez') return '{"data":{"status":"ok"}}'
  if (url === '/v1/products') return cached(url, async () => page(await queries.products(PAGE + 1)))
  const caller = requireCaller(request)
  if (url.startsWith('/v1/users/')) return cached(url, () => profile(url))
  if (url.startsWith('/v1/orders')) return page(await queries.orders(caller, PAGE + 1))
  throw new Refused(404)
}

const send = (response: ServerResponse, status: number, body: string): void => {
  const length = Buffer.byteLength(body)
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', 'content-length': length })
  response.end(body)
}

const server = createServer(async (request, response) => {
  const begun = performance.now()
  try {
    send(response, 200, await answer(request))
  } catch (error) {
    send(response, error instanceof Refused ? error.status : 500, '')
  }
  const { method, url } = request
  logger.info({ method, url, status: response.statusCode, ms: performance.now() - begun }, 'request')
})

process.once('SIGTERM', () => {
  server.closeAllConnections()
  server.close()
  redis.disconnect()
  void queries.close()
})
server.listen(env.PORT, '127.0.0.1')
