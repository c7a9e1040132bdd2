import { setTimeout as wait } from 'node:timers/promises'
import type { Call } from '../support/client.js'

const IN_TIME_MS = 2_000
const CALLERS = 4
const PAUSE_MS = 20

/** Callers who go on reading a path, one answer after the other, and how many of these came in time. */
export const askSteadily = (call: Call, path: string, token: string) => {
  const told = { inTime: 0, late: 0 }
  let over = false
  const ask = async (): Promise<void> => {
    const begun = performance.now()
    const status = await call('GET', path, { token }).then(
      (answer) => answer.status,
      () => 'no answer',
    )
    const isServed = status === 200 && performance.now() - begun < IN_TIME_MS
    told[isServed ? 'inTime' : 'late'] += 1
  }
  const callers = Array.from({ length: CALLERS }, async () => {
    for (; !over; await wait(PAUSE_MS)) await ask()
  })
  /** Resolves once the last of them is answered. */
  const stop = async (): Promise<void> => {
    over = true
    await Promise.all(callers)
  }
  return { told, stop }
}
