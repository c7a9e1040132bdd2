import { setTimeout as wait } from 'node:timers/promises'
import { createCall, type World } from './app.js'
import { type Member, nth } from './crowd.js'
import { unique } from './factories.js'
import { placeKeyed } from './keyed-orders.js'
import { insertProducts } from './stock.js'

/** What a client that tries once knows of its order. Unknown: the connection broke before an answer came. */
export interface Logged {
  readonly fate: 'ok' | 'failed' | 'unknown'
  /** Each order is for a product of its own: by that it is found again, whatever became of its key. */
  readonly productId: string
  readonly orderId: string | undefined
  /** The status, or the connection's error. */
  readonly why: string
}

export interface Clients {
  readonly log: readonly Logged[]
  /** Resolves when the last of them has its answer. */
  readonly stop: () => Promise<void>
}

export interface ClientOptions {
  readonly members: readonly Member[]
  /** The API of this moment. */
  readonly url: () => string
  /** Milliseconds between an answer and the client's next order. */
  readonly pauseMs: number
}

const STOCK = 10
const SUPPLY = 200
const AFTER_FAILURE_MS = 200

/** @returns what puts products on sale, many at a time, and names another one at each call */
const createSupply = ({ database: { sql } }: World): (() => Promise<string>) => {
  let ids: string[] = []
  let last: Promise<unknown> = Promise.resolve()
  return () => {
    const next = last.then(async () => {
      if (ids.length === 0) ids = [...(await insertProducts(sql, Array(SUPPLY).fill(STOCK)))]
      return nth(ids.splice(0, 1), 0)
    })
    last = next
    return next
  }
}

const reasonOf = (error: unknown): string => {
  const cause = error instanceof Error ? error.cause : undefined
  return cause instanceof Error && 'code' in cause ? String(cause.code) : String(error)
}

const placeOnce = async (url: string, buyer: Member, productId: string): Promise<Logged> => {
  try {
    const order = { buyer, productId, key: unique('key'), quantity: 1 }
    const { status, body } = await placeKeyed(createCall(url), order)
    const fate = status === 201 ? 'ok' : 'failed'
    return { fate, productId, orderId: body?.data?.id, why: String(status) }
  } catch (error) {
    const why = reasonOf(error)
    // Refused: nobody has read it, so it must not be there.
    return { fate: why === 'ECONNREFUSED' ? 'failed' : 'unknown', productId, orderId: undefined, why }
  }
}

/** Has each member place one order after another, never the same again, and writes down what it was told. */
export const startClients = (world: World, { members, url, pauseMs }: ClientOptions): Clients => {
  const log: Logged[] = []
  const nextProduct = createSupply(world)
  let stopped = false

  const run = async (buyer: Member): Promise<void> => {
    while (!stopped) {
      const logged = await placeOnce(url(), buyer, await nextProduct())
      log.push(logged)
      await wait(logged.fate === 'ok' ? pauseMs : AFTER_FAILURE_MS)
    }
  }
  const running = Promise.all(members.map(run))
  // Whoever stops them hears of it; until then it must not end the process.
  running.catch(() => {})
  return {
    log,
    stop: async () => {
      stopped = true
      await running
    },
  }
}
