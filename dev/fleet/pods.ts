import { setTimeout as wait } from 'node:timers/promises'
import { startBuilt } from '../launch/programs.js'
import { endProcess, startOf } from '../stack/processes.js'
import type { Backend } from './haproxy.js'

const READY_LIMIT_MS = 60_000
export const EXIT_LIMIT_MS = 25_000

/** A process that can be started anew in its place. */
export interface Member {
  readonly pid: () => number
  readonly start: () => Promise<void>
  /** Asks it to end, as a deploy does. @throws Error when it does not within the promised time */
  readonly stop: () => Promise<void>
}

const member = (
  name: string,
  script: string,
  env: NodeJS.ProcessEnv,
  healthPort: number,
  ledger: string,
): Member => {
  let pid = 0
  const start = async (): Promise<void> => {
    const started = await startBuilt({
      ...{ name, script, env, ledger, graceMs: EXIT_LIMIT_MS },
      onLine: () => {},
    })
    pid = started.pid
    await untilReady(`http://127.0.0.1:${healthPort}/readyz`, name)
  }
  const stop = async (): Promise<void> => {
    const identity = { pid, started: startOf(pid) ?? '' }
    const begun = Date.now()
    await endProcess(identity, [
      { signal: 'SIGTERM', waitMs: EXIT_LIMIT_MS },
      { signal: 'SIGKILL', waitMs: 5_000 },
    ])
    if (Date.now() - begun > EXIT_LIMIT_MS) throw new Error(`${name} did not end in time`)
  }
  return { pid: () => pid, start, stop }
}

/** @throws Error when it does not answer 200 within the limit */
export const untilReady = async (url: string, name: string): Promise<void> => {
  const deadline = Date.now() + READY_LIMIT_MS
  while (!(await answers(url))) {
    if (Date.now() > deadline) throw new Error(`${name} is not ready in time`)
    await wait(50)
  }
}

const answers = async (url: string): Promise<boolean> => {
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(1_000) })
    await answer.body?.cancel()
    return answer.ok
  } catch {
    return false
  }
}

export const createPod = (n: number, env: NodeJS.ProcessEnv, place: Backend, ledger: string): Member => {
  const ports = { PORT: String(place.port), METRICS_PORT: String(place.healthPort) }
  return member(`pod ${n}`, 'server.js', { ...env, ...ports }, place.healthPort, ledger)
}

export const createWorker = (n: number, env: NodeJS.ProcessEnv, port: number, ledger: string): Member =>
  member(`worker ${n}`, 'worker.js', { ...env, METRICS_PORT: String(port) }, port, ledger)
