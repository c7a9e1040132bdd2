import { fork } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { isMain } from '../../dev/is-main.js'
import type { Test } from './environment.js'

/** What came of a storm of log-ins. */
export interface Storm {
  /** How often each status was the answer. */
  readonly statuses: Readonly<Record<number, number>>
  /** How many of the 503 were problems that said when to try again. */
  readonly politeRefusals: number
  readonly slowestMs: number
}

export interface Orders {
  readonly url: string
  readonly emails: readonly string[]
  readonly password: string
}

/** Logs each in at the same moment; whoever is refused for want of room comes again when told to. */
export const unleash = async ({ url, emails, password }: Orders): Promise<Storm> => {
  const statuses: Record<number, number> = {}
  let politeRefusals = 0
  let slowestMs = 0
  const logIn = async (email: string): Promise<void> => {
    const begun = performance.now()
    const response = await fetch(`${url}/v1/auth/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ email, password }),
    })
    await response.arrayBuffer()
    slowestMs = Math.max(slowestMs, performance.now() - begun)
    statuses[response.status] = (statuses[response.status] ?? 0) + 1
    if (response.status !== 503) return
    const after = Number(response.headers.get('retry-after'))
    if (after > 0 && response.headers.get('content-type')?.startsWith('application/problem+json')) {
      politeRefusals += 1
    }
    // What a client does with Retry-After, and with some luck not in step with all others.
    await wait(after * 1_000 * (1 + Math.random()))
    await logIn(email)
  }
  await Promise.all(emails.map(logIn))
  return { statuses, politeRefusals, slowestMs }
}

if (isMain(import.meta.url)) {
  process.on('message', async (orders) => process.send?.(await unleash(orders as Orders)))
  process.send?.('ready')
}

/**
 * Starts a process that waits for its orders, and resolves with the way to give them: whoever measures beside a
 * storm must not be held up by it, nor count the time before it.
 */
export const prepareStorm = async (t: Test): Promise<(orders: Orders) => Promise<Storm>> => {
  const child = fork(fileURLToPath(import.meta.url), { execArgv: ['--import', 'tsx'] })
  t.teardown(() => child.kill())
  const answer = async (): Promise<unknown> => {
    const over = new AbortController()
    const exit = () => over.abort(new Error('the storm has ended early'))
    child.once('exit', exit)
    const [message] = await once(child, 'message', over)
    child.off('exit', exit)
    return message
  }
  await answer()
  return async (orders) => {
    child.send(orders)
    return (await answer()) as Storm
  }
}
