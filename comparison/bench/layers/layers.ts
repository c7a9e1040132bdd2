/*
 * The path of GET /v1/users/:id, one layer after the other. From `limits` on it goes two ways: the answer is in the cache,
 * or it is made.
 */

export const LAYER_IDS = [
  'bare',
  'trace',
  'log',
  'metrics',
  'rules',
  'access',
  'signature',
  'limits',
  'cache',
  'whole-hit',
  'validation',
  'serialisation',
  'query',
  'whole',
] as const
export type LayerId = (typeof LAYER_IDS)[number]

export interface Layer {
  readonly title: string
  /** What it comes on top of; undefined for the first. */
  readonly after?: LayerId
}

export const LAYERS: Readonly<Record<LayerId, Layer>> = {
  bare: { title: 'Fastify, and a route that answers with an object' },
  trace: { title: 'the server’s limits, request id, trace context', after: 'bare' },
  log: { title: 'one log line', after: 'trace' },
  metrics: { title: 'metrics of requests', after: 'log' },
  rules: {
    title: 'rules of the protocol, of query and body, headers for caches, the handler’s deadline',
    after: 'metrics',
  },
  access: { title: 'access: a token that is known, and a session that has not ended', after: 'rules' },
  signature: { title: 'instead: each token’s signature', after: 'access' },
  limits: { title: 'the general limit, counted in Redis', after: 'access' },
  cache: { title: 'the answer from the cache', after: 'limits' },
  'whole-hit': { title: 'the service as it is', after: 'cache' },
  validation: { title: 'validation of the path', after: 'limits' },
  serialisation: { title: 'serialiser made of the schema, envelope', after: 'validation' },
  query: { title: 'the prepared query', after: 'serialisation' },
  whole: { title: 'the service as it is, its cache off', after: 'query' },
}

/** From the first layer to this one. */
export const pathTo = (id: LayerId): readonly LayerId[] => {
  const { after } = LAYERS[id]
  return after === undefined ? [id] : [...pathTo(after), id]
}
