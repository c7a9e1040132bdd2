import { type Agent, Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import type { Duplex } from 'node:stream'

/** The connections of the client; how many are in use at once is up to the slots. */
export interface Agents {
  readonly kept: (url: URL) => Agent
  /** Connections that are used once, for when a kept one turns out to be closed. */
  readonly fresh: (url: URL) => Agent
  readonly close: () => void
}

/** Below the 5 s after which many servers close a connection that is idle. */
const IDLE_MS = 2_000
const MAX_IDLE_PER_HOST = 2
/** Of all hosts, each for http and for https. */
const MAX_IDLE = 64
/** Until the next address of a host is tried. Node's own 250 ms give up on partners far away. */
const NEXT_ADDRESS_MS = 2_000

const idleIn = ({ freeSockets }: Agent): number => Object.values(freeSockets).flat().length

/** Keeps no more than that: Node limits what is idle for each host only. */
const limitIdle = <T extends Agent>(agent: T): T => {
  const keepSocketAlive = agent.keepSocketAlive.bind(agent)
  // Node goes by what it returns; its types do not know that yet.
  agent.keepSocketAlive = (socket: Duplex) => idleIn(agent) < MAX_IDLE && keepSocketAlive(socket)
  return agent
}

export const createAgents = (): Agents => {
  const pairOf = (keepAlive: boolean) => {
    const options = {
      keepAlive,
      timeout: IDLE_MS,
      maxFreeSockets: MAX_IDLE_PER_HOST,
      autoSelectFamily: true,
      autoSelectFamilyAttemptTimeout: NEXT_ADDRESS_MS,
    }
    // Said here, so that no variable of the environment unsays it.
    const tls = new HttpsAgent({ ...options, rejectUnauthorized: true })
    return { http: limitIdle(new HttpAgent(options)), https: limitIdle(tls) }
  }
  const kept = pairOf(true)
  const fresh = pairOf(false)
  const close = () => {
    for (const agent of [kept.http, kept.https, fresh.http, fresh.https]) agent.destroy()
  }
  const isTls = ({ protocol }: URL): boolean => protocol === 'https:'
  return {
    kept: (url) => (isTls(url) ? kept.https : kept.http),
    fresh: (url) => (isTls(url) ? fresh.https : fresh.http),
    close,
  }
}
