import { Agent, type ClientRequest, request as httpRequest } from 'node:http'
import { setTimeout as wait } from 'node:timers/promises'
import type { Exchange, LoadOrder, LoadReport } from './load.js'

const LOOK_EVERY_MS = 1
/** Beyond what the timer may be late by, the generator itself has kept the request waiting, and that counts. */
const TIMER_LATE_MS = 2
/** What may be on its way, in seconds of the rate: a server that is so far behind is not going to catch up. */
const OUTSTANDING_SECONDS = 1
const DRAIN_LIMIT_MS = 2_000
const REQUEST_LIMIT_MS = 10_000
const SHOWN_FAULTS = 3

interface Client {
  readonly url: URL
  readonly agent: Agent
  /** What is not answered yet, on a connection or waiting for one. */
  readonly open: Set<ClientRequest>
  misses: number
}

/** Sends one and resolves with what is wrong with the answer; undefined when nothing is. */
const exchangeOnce = (client: Client, exchange: Exchange): Promise<string | undefined> =>
  new Promise((resolve) => {
    const { url, agent, open } = client
    const { method, path, headers, body, expect } = exchange
    const { hostname, port } = url
    const fail = (what: unknown) => resolve(`${method} ${path}: ${String(what).slice(0, 300)}`)
    const options = { hostname, port, agent, method, path, headers, timeout: REQUEST_LIMIT_MS }
    const request = httpRequest(options, (response) => {
      if ((response.headers['x-cache'] ?? 'HIT') !== 'HIT') client.misses += 1
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (part: string) => {
        text += part
      })
      response.once('error', fail)
      response.once('end', () => {
        const isRight = response.statusCode === expect.status && text.includes(expect.includes)
        if (isRight) resolve(undefined)
        else fail(`${response.statusCode} ${text}`)
      })
    })
    open.add(request)
    request.once('close', () => open.delete(request))
    request.once('timeout', () => request.destroy(new Error('timed out')))
    request.once('error', fail)
    request.end(body)
  })

/** The smallest of these that so many of a hundred do not exceed; 0 of none. */
export const percentileOf = (values: readonly number[], percent: number): number => {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil((sorted.length * percent) / 100) - 1)] ?? 0
}

/**
 * Requests at a fixed rate, whether the ones before are answered or not: nothing that a slow server keeps waiting goes
 * uncounted. A time begins when the request is due, also when all connections are busy, and is kept in fractions of a millisecond.
 */
export const runPaced = async (
  { url, connections, seconds, exchanges }: LoadOrder,
  rate: number,
): Promise<LoadReport> => {
  const agent = new Agent({ keepAlive: true, maxSockets: connections, scheduling: 'fifo' })
  const client: Client = { url: new URL(url), agent, open: new Set(), misses: 0 }
  const [times, faults]: [number[], string[]] = [[], []]
  let [offered, outstanding] = [0, 0]
  const send = async (begun: number): Promise<void> => {
    const exchange = exchanges[offered % exchanges.length]
    offered += 1
    if (!exchange || outstanding >= rate * OUTSTANDING_SECONDS) return
    outstanding += 1
    const fault = await exchangeOnce(client, exchange)
    outstanding -= 1
    if (fault === undefined) times.push(performance.now() - begun)
    else if (faults.length < SHOWN_FAULTS) faults.push(fault)
  }
  const start = performance.now()
  const end = start + seconds * 1_000
  for (let now = start; now < end; now = performance.now()) {
    for (let due = start + (offered / rate) * 1_000; due <= now; due = start + (offered / rate) * 1_000) {
      void send(now - due > TIMER_LATE_MS ? due : now)
    }
    await wait(LOOK_EVERY_MS)
  }
  const inTime = times.length
  for (let ms = 0; outstanding > 0 && ms < DRAIN_LIMIT_MS; ms += LOOK_EVERY_MS) await wait(LOOK_EVERY_MS)
  // What is still on its way then is not waited for, and must not reach the server while another one has its turn.
  const found = [...faults]
  for (const request of client.open) request.destroy()
  agent.destroy()
  return {
    ...{ requests: inTime, offered, seconds },
    ...{ p50: percentileOf(times, 50), p99: percentileOf(times, 99), misses: client.misses, faults: found },
  }
}
