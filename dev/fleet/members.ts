import { setTimeout as wait } from 'node:timers/promises'
import { startBuilt } from '../launch/programs.js'
import { endProcess, startOf } from '../stack/processes.js'
import type { Backend } from './haproxy.js'

const READY_LIMIT_MS = 60_000
/** Of what a process says of its end. */
const MAX_LINE = 500
export const EXIT_LIMIT_MS = 25_000

/** A process that can be started anew in its place. */
export interface Member {
  readonly pid: () => number
  /** By the build of another folder from now on, or as before. @throws Error when it is not ready in time */
  readonly start: (root?: string) => Promise<void>
  /** Asks it to end, as a deploy does. @returns how many ms that took; past EXIT_LIMIT_MS it was killed */
  readonly stop: () => Promise<number>
}

export interface Place {
  readonly env: NodeJS.ProcessEnv
  /** The folder of the build. */
  readonly root: string
  readonly ledger: string
}

const member = (name: string, script: string, place: Place, healthPort: number): Member => {
  const { env, ledger } = place
  let { root } = place
  let pid = 0
  const start = async (other: string = root): Promise<void> => {
    root = other
    let said = 'nothing'
    const onLine = (line: string): void => {
      said = line.slice(0, MAX_LINE)
    }
    const started = await startBuilt({
      ...{ name, script, root, env, ledger, graceMs: EXIT_LIMIT_MS, onLine },
    })
    pid = started.pid
    const early = started.ended.then(({ text }) => {
      throw new Error(`${name} ended (${text}) before it was ready; it said last: ${said}`)
    })
    await Promise.race([untilReady(`http://127.0.0.1:${healthPort}/readyz`, name), early])
  }
  const stop = async (): Promise<number> => {
    const identity = { pid, started: startOf(pid) ?? '' }
    const begun = Date.now()
    await endProcess(identity, [
      { signal: 'SIGTERM', waitMs: EXIT_LIMIT_MS },
      { signal: 'SIGKILL', waitMs: 5_000 },
    ])
    return Date.now() - begun
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

export const createPod = (n: number, place: Place, { port, healthPort }: Backend): Member => {
  const env = { ...place.env, PORT: String(port), METRICS_PORT: String(healthPort) }
  return member(`pod ${n}`, 'server.js', { ...place, env }, healthPort)
}

export const createWorker = (n: number, place: Place, port: number): Member =>
  member(`worker ${n}`, 'worker.js', { ...place, env: { ...place.env, METRICS_PORT: String(port) } }, port)
