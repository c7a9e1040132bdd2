import { randomUUID } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import { z } from 'zod'
import { type Account, findBystanders, findProduct } from './accounts.js'
import { atMost, type Finding, noted } from './findings.js'
import { type Answer, type Client, withClient } from './http-client.js'
import { withSql } from './limits.js'
import { logIn } from './log-ins.js'
import type { Act } from './scenario.js'

const KEYS = 100
const AT_ONCE = 50
const TRIES = 100
/** Less than the service asks for, and not all at the same time again. */
const MAX_PAUSE_MS = 500
const placed = z.object({ data: z.object({ id: z.string() }) })

interface Counts {
  readonly statuses: Map<number, number>
  /** Keys that were answered with more than one order, or with none. */
  wrongKeys: number
  /** Pods that took a used key for another order. */
  takenTwice: number
}

const countOrders = (databaseUrl: string, { id }: Account): Promise<number> =>
  withSql(databaseUrl, async (sql) => {
    const [row] = await sql<{ n: number }[]>`select count(*)::int as n from orders where user_id = ${id}`
    return row?.n ?? 0
  })

/** Sends one key at once to all pods, each request until it is answered with an order. */
const useKey = async (ask: (pod: number, quantity: number) => Promise<Answer>, counts: Counts) => {
  const ids = new Set<string>()
  const insist = async (n: number): Promise<void> => {
    for (let tries = 0; tries < TRIES; tries += 1) {
      const { status, text } = await ask(n, 1)
      counts.statuses.set(status, (counts.statuses.get(status) ?? 0) + 1)
      if (status === 201) return void ids.add(placed.parse(JSON.parse(text)).data.id)
      await wait(Math.random() * MAX_PAUSE_MS)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, (_, n) => insist(n)))
  if (ids.size !== 1) counts.wrongKeys += 1
  for (let pod = 0; pod < 3; pod += 1) {
    const { status } = await ask(pod, 2)
    if (status !== 422) counts.takenTwice += 1
  }
}

const useAll = async (client: Client, { stage }: Act, buyer: Account): Promise<Counts> => {
  const counts: Counts = { statuses: new Map(), wrongKeys: 0, takenTwice: 0 }
  const token = await logIn(client, stage.url, buyer.email)
  const productId = await findProduct(stage.databaseUrl)
  for (let n = 0; n < KEYS; n += 1) {
    const key = randomUUID()
    const ask = (pod: number, quantity: number) => {
      const url = `${stage.podUrls[pod % stage.podUrls.length]}/v1/orders`
      return client.send({ method: 'POST', url, token, key, body: { items: [{ productId, quantity }] } })
    }
    await useKey(ask, counts)
  }
  return counts
}

/** Fifty requests at once with one key, spread over the pods, for each of a hundred keys. */
export const repeatKeys = async (act: Act): Promise<Finding[]> => {
  const { databaseUrl } = act.stage
  const [buyer] = await findBystanders(databaseUrl, 1)
  if (buyer === undefined) throw new Error('there is nobody to order')
  const before = await countOrders(databaseUrl, buyer)
  const { statuses, wrongKeys, takenTwice } = await withClient((client) => useAll(client, act, buyer))
  const made = (await countOrders(databaseUrl, buyer)) - before
  const answers = [...statuses].sort().map(([status, times]) => `${times} x ${status}`)
  return [
    noted(`${KEYS} keys, each ${AT_ONCE} times at once and again until answered: ${answers.join(', ')}`),
    { text: `orders in Postgres for ${KEYS} keys: ${made}`, kept: made === KEYS },
    atMost('keys answered with none or more than one order:', wrongKeys, 0),
    atMost('used keys that a pod took for another body:', takenTwice, 0),
  ]
}
