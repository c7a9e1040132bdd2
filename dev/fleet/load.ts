import { randomUUID } from 'node:crypto'
import { Agent, request } from 'node:http'
import { setTimeout as wait } from 'node:timers/promises'
import { z } from 'zod'
import type { Sample } from './figures.js'
import { loadOrder, type Report } from './protocol.js'

/* The load generator, a process of its own: it keeps the only record of what clients were told. */

const REQUEST_LIMIT_MS = 15_000
const PAUSE_MS = 20
const SETTLE_LIMIT_MS = 30_000
const placed = z.object({ data: z.object({ id: z.string() }) })

const order = loadOrder.parse(JSON.parse(process.argv[2] ?? ''))
const agent = new Agent({ keepAlive: true, maxSockets: 64 })
const acknowledged: string[] = []
const open = new Map<string, string>()
let samples: Sample[] = []
let stopping = false

const send = (method: string, path: string, token: string, body?: unknown, key?: string) =>
  new Promise<{ status: number; text: string }>((resolve) => {
    const headers = {
      authorization: `Bearer ${token}`,
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...(key !== undefined && { 'idempotency-key': key }),
    }
    const signal = AbortSignal.timeout(REQUEST_LIMIT_MS)
    const failed = () => resolve({ status: 0, text: '' })
    const sent = request(`${order.url}${path}`, { method, headers, agent, signal }, (answer) => {
      let text = ''
      answer.setEncoding('utf8').on('data', (chunk) => {
        text += chunk
      })
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, text }))
      answer.on('error', failed)
    })
    sent.on('error', failed)
    sent.end(body === undefined ? undefined : JSON.stringify(body))
  })

const measured = async (work: () => Promise<number>): Promise<void> => {
  const at = Date.now()
  const status = await work()
  samples.push({ at, took: Date.now() - at, ok: status >= 200 && status < 300 })
}

const place = async (key: string, token: string): Promise<number> => {
  const items = [{ productId: order.productId, quantity: 1 }]
  const { status, text } = await send('POST', '/v1/orders', token, { items }, key)
  if (status !== 201) return status
  open.delete(key)
  acknowledged.push(placed.parse(JSON.parse(text)).data.id)
  return status
}

const newOrder = (token: string): Promise<number> => {
  const key = randomUUID()
  open.set(key, token)
  return place(key, token)
}

const get = async (path: string, token: string) => (await send('GET', path, token)).status
const rename = async (token: string) =>
  (await send('PATCH', '/v1/users/me', token, { name: `Buyer ${Date.now()}` })).status

const KINDS = [
  ({ id, token }: { id: string; token: string }) => get(`/v1/users/${id}`, token),
  ({ token }: { token: string }) => get('/v1/orders?limit=20', token),
  ({ token }: { token: string }) => newOrder(token),
  ({ token }: { token: string }) => rename(token),
]

const client = async (n: number): Promise<void> => {
  const kind = KINDS[n % KINDS.length]
  const buyer = order.buyers[n % order.buyers.length]
  if (kind === undefined || buyer === undefined) return
  while (!stopping) {
    await measured(() => kind(buyer))
    await wait(PAUSE_MS)
  }
}

const report = (message: Report): void => void process.send?.(message)

process.once('message', () => {
  stopping = true
})
process.once('disconnect', () => process.exit(0))
const ticking = setInterval(() => {
  report({ kind: 'samples', samples })
  samples = []
}, 500)
await Promise.all(Array.from({ length: 16 }, (_, n) => client(n)))
clearInterval(ticking)
const deadline = Date.now() + SETTLE_LIMIT_MS
while (open.size > 0 && Date.now() < deadline) {
  for (const [key, token] of [...open]) await place(key, token)
  await wait(PAUSE_MS)
}
report({ kind: 'samples', samples })
report({ kind: 'effects', acknowledged, unanswered: open.size })
agent.destroy()
process.disconnect()
