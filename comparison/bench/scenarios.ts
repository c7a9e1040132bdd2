import type { Exchange } from './load.js'
import type { CandidateId } from './results.js'
import type { Buyer, Stage } from './stage.js'
import { PASSWORD } from './stage.js'

const READERS: readonly CandidateId[] = ['ours', 'nest-express', 'nest-fastify', 'raw']
const PAGE = 20
/** As many callers as connections, so that each has work of its own. */
const READ_CONNECTIONS = 50
/** As the pool has. More would only wait for a connection to Postgres. */
const WRITE_CONNECTIONS = 10
/** A hash takes a core for itself: what more of them would wait for is not told by their number. */
const LOG_IN_CONNECTIONS = 4
const ORDERS_TO_CHOOSE_FROM = 500

export type TokenOf = (buyer: Buyer) => string

/** One thing that clients do, the same for all candidates. */
export interface Scenario {
  readonly id: string
  readonly title: string
  readonly candidates: readonly CandidateId[]
  readonly connections: number
  /** What the servers are started with beside. */
  readonly environment?: Readonly<Record<string, string>>
  /** Whether each candidate that caches is to answer from Redis; checked. */
  readonly fromCache?: boolean
  /** What is not equal, for the page. */
  readonly note?: string
  readonly exchanges: (stage: Stage, tokenOf: TokenOf) => Exchange[]
}

const JSON_TYPE = { 'content-type': 'application/json' }
const bearer = (token: string) => ({ authorization: `Bearer ${token}` })
const read = (path: string, includes: string, headers: Record<string, string> = {}): Exchange => ({
  method: 'GET',
  path,
  headers,
  expect: { status: 200, includes },
})

/** Each buyer looks at another one's profile. */
const profiles: Scenario['exchanges'] = ({ buyers }, tokenOf) =>
  buyers.map((buyer, n) => {
    const { id } = buyers[(n + 1) % buyers.length] ?? buyer
    return read(`/v1/users/${id}`, `"id":"${id}"`, bearer(tokenOf(buyer)))
  })

const newOrders: Scenario['exchanges'] = ({ buyers, productIds }, tokenOf) =>
  Array.from({ length: ORDERS_TO_CHOOSE_FROM }, (_, n) => {
    const buyer = buyers[n % buyers.length]
    if (!buyer) throw new Error('there is nobody to buy')
    const items = [n * 2, n * 2 + 1].map((at) => ({
      productId: productIds[at % productIds.length],
      quantity: 1 + (n % 3),
    }))
    return {
      method: 'POST',
      path: '/v1/orders',
      headers: { ...JSON_TYPE, ...bearer(tokenOf(buyer)) },
      body: JSON.stringify({ items }),
      expect: { status: 201, includes: `"userId":"${buyer.id}"` },
    }
  })

const logIns: Scenario['exchanges'] = ({ buyers }) =>
  buyers.map(({ email }) => ({
    method: 'POST',
    path: '/v1/auth/login',
    headers: JSON_TYPE,
    body: JSON.stringify({ email, password: PASSWORD }),
    expect: { status: 200, includes: '"accessToken":"' },
  }))

export const SCENARIOS: readonly Scenario[] = [
  {
    id: 'livez',
    title: 'GET /livez',
    candidates: READERS,
    connections: READ_CONNECTIONS,
    exchanges: () => [read('/livez', '"status":"ok"')],
  },
  {
    id: 'profile-hit',
    title: 'GET /v1/users/:id, from the cache',
    candidates: READERS,
    connections: READ_CONNECTIONS,
    fromCache: true,
    exchanges: profiles,
  },
  {
    id: 'profile',
    title: 'GET /v1/users/:id, without the cache',
    candidates: READERS,
    connections: READ_CONNECTIONS,
    environment: { CACHE_ENABLED: 'false' },
    exchanges: profiles,
  },
  {
    id: 'products',
    title: 'GET /v1/products',
    candidates: READERS,
    connections: READ_CONNECTIONS,
    fromCache: true,
    note: 'All answer from the cache: the baseline and the bare server for the time to live, whatever was written; in Unnest each write of a product drops the lists.',
    exchanges: () => [read('/v1/products', '"nextCursor":"')],
  },
  {
    id: 'orders',
    title: `GET /v1/orders?limit=${PAGE}`,
    candidates: READERS,
    connections: READ_CONNECTIONS,
    exchanges: ({ buyers }, tokenOf) =>
      buyers.map((buyer) =>
        read(`/v1/orders?limit=${PAGE}`, `"id":"${buyer.newestOrderId}"`, bearer(tokenOf(buyer))),
      ),
  },
  {
    id: 'place-order',
    title: 'POST /v1/orders',
    candidates: ['ours', 'ours-without-outbox', 'nest-express', 'nest-fastify'],
    connections: WRITE_CONNECTIONS,
    note: 'Unnest writes its job into the outbox, in the transaction of the order, so that no crash loses it; the baseline adds its job to Redis after the commit. The second row of Unnest calls queue.add as well, beside its statement and without waiting for it, to take that difference out of the processor time; its p50 and p99 leave Redis out, and do not compare.',
    exchanges: newOrders,
  },
  {
    id: 'log-in',
    title: 'POST /v1/auth/login',
    candidates: ['ours', 'nest-express', 'nest-fastify'],
    connections: LOG_IN_CONNECTIONS,
    note: 'The same argon2id hash for all: it is nearly all of the time.',
    exchanges: logIns,
  },
]
