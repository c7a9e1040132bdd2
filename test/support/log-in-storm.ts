import { once } from 'node:events'
import { setTimeout as wait } from 'node:timers/promises'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'

/** What came of a storm of log-ins. */
export interface Storm {
  /** How often each status was the answer. */
  readonly statuses: Readonly<Record<number, number>>
  /** How many of the 503 were problems that said when to try again. */
  readonly politeRefusals: number
  readonly slowestMs: number
}

interface Orders {
  readonly url: string
  readonly emails: readonly string[]
  readonly password: string
}

/** Logs each in at the same moment; whoever is refused for want of room comes again when told to. */
const rage = async ({ url, emails, password }: Orders): Promise<Storm> => {
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

if (!isMainThread && parentPort) parentPort.postMessage(await rage(workerData as Orders))

/** Runs the storm in a thread of its own, so that it does not hold up whoever measures beside it. */
export const unleashStorm = async (orders: Orders): Promise<Storm> => {
  const worker = new Worker(new URL(import.meta.url), { workerData: orders })
  const [storm] = (await once(worker, 'message')) as [Storm]
  await worker.terminate()
  return storm
}
