import { randomUUID } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import { z } from 'zod'
import type { Sample } from './figures.js'
import { type Answer, createClient } from './http-client.js'
import { keepLoggedIn, type LoggedIn } from './log-ins.js'
import { createNames } from './names.js'
import { loadOrder, type Report } from './protocol.js'

/* The load generator, a process of its own: it keeps the only record of what clients were told. */

const PAUSE_MS = 20
const SETTLE_LIMIT_MS = 30_000
const placed = z.object({ data: z.object({ id: z.string() }) })

const order = loadOrder.parse(JSON.parse(process.argv[2] ?? ''))
const client = createClient()
const { send } = client
const acknowledged: string[] = []
const names = new Map<string, ReturnType<typeof createNames>>()
let samples: Sample[] = []
let stopping = false

/** Asks once, and later goes on with what is still open. */
interface Work {
  readonly name: string
  readonly ask: () => Promise<Answer>
  readonly isOpen: () => boolean
}

const reader =
  (name: string, path: (buyer: LoggedIn) => string) =>
  (buyer: LoggedIn): Work => ({
    name,
    ask: () => send({ method: 'GET', url: `${order.url}${path(buyer)}`, token: buyer.token }),
    isOpen: () => false,
  })

/** A key is sent again until it is answered, as a buyer would; then comes the next one. */
const orderer = (buyer: LoggedIn): Work => {
  const url = `${order.url}/v1/orders`
  const body = { items: [{ productId: order.productId, quantity: 1 }] }
  let key: string | undefined
  const ask = async (): Promise<Answer> => {
    key ??= randomUUID()
    const answer = await send({ method: 'POST', url, token: buyer.token, body, key })
    if (answer.status === 201) {
      acknowledged.push(placed.parse(JSON.parse(answer.text)).data.id)
      key = undefined
    }
    return answer
  }
  return { name: 'placing an order', ask, isOpen: () => key !== undefined }
}

const renamer = (buyer: LoggedIn): Work => {
  const own = createNames()
  const url = `${order.url}/v1/users/me`
  names.set(buyer.id, own)
  const ask = async (): Promise<Answer> => {
    const name = own.next()
    const answer = await send({ method: 'PATCH', url, token: buyer.token, body: { name } })
    own.answered(name, answer.status)
    return answer
  }
  return { name: 'a new name', ask, isOpen: () => false }
}

const KINDS = [
  reader('a profile', ({ id }) => `/v1/users/${id}`),
  reader('a list of orders', () => '/v1/orders?limit=20'),
  orderer,
  renamer,
]

const problem = z.object({ detail: z.string() })
/** The balancer's own answers are no problem documents. */
const wordsOf = (text: string): string => {
  try {
    return problem.parse(JSON.parse(text)).detail
  } catch {
    return 'no problem document'
  }
}

const measure = async ({ name, ask }: Work): Promise<void> => {
  const at = Date.now()
  const { status, retryAfter, text } = await ask()
  const ok = status >= 200 && status < 300
  const said = ok ? undefined : `${name}: ${status === 0 ? 'no answer' : wordsOf(text)}`
  samples.push({ at, took: Date.now() - at, status, ok, putOff: status === 503 && retryAfter, said })
}

/** Until it is stopped, and then, not measured, until nothing is open or the time is over. */
const run = async (work: Work): Promise<boolean> => {
  while (!stopping) {
    await measure(work)
    await wait(PAUSE_MS)
  }
  const deadline = Date.now() + SETTLE_LIMIT_MS
  while (work.isOpen() && Date.now() < deadline) {
    await work.ask()
    await wait(PAUSE_MS)
  }
  return work.isOpen()
}

/** Resolves when it is on its way: whoever hangs up before would cut a long message off. */
const report = (message: Report): Promise<void> =>
  new Promise((resolve) => {
    process.send?.(message, undefined, {}, () => resolve())
  })
const works = order.buyers.flatMap((buyer, n) => KINDS[n % KINDS.length]?.(buyer) ?? [])

process.once('message', () => {
  stopping = true
})
process.once('disconnect', () => process.exit(0))
const ticking = setInterval(() => {
  void report({ kind: 'samples', samples })
  samples = []
}, 500)
const loggedIn = new AbortController()
const renewing = keepLoggedIn(client, order.url, order.buyers, loggedIn.signal)
const open = await Promise.all(works.map(run))
loggedIn.abort()
await renewing
clearInterval(ticking)
await report({ kind: 'samples', samples })
await report({
  ...{ kind: 'effects', acknowledged, unanswered: open.filter(Boolean).length },
  names: [...names].map(([id, own]) => ({ id, possible: [...own.possible()] })),
})
client.close()
process.disconnect()
