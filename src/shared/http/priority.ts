import type { FastifyRequest } from 'fastify'
import type { Priority } from '../limits/shedding.js'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** How soon this route is refused under overload: low for reads and normal for all else, where it does not say. */
    priority?: Priority
  }
}

interface Rank {
  readonly method?: unknown
  readonly config?: { readonly priority?: Priority } | undefined
}

/** A read is cheap to ask again, anything else less so. */
export const priorityOf = ({ method, config }: Rank): Priority =>
  config?.priority ?? (method === 'GET' || method === 'HEAD' ? 'low' : 'normal')

/** Its body arrives as slowly as its sender likes, and it takes no place meanwhile. Nobody waits for that of a GET. */
export const awaitsBody = ({ method, headers }: FastifyRequest): boolean =>
  method !== 'GET' &&
  method !== 'HEAD' &&
  (headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0)
