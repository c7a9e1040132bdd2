import { OutboundError } from './outbound.errors.js'

export interface SlotLimits {
  readonly maxSocketsPerHost: number
  readonly maxSockets: number
  /** Milliseconds that a request waits for its turn. */
  readonly maxWaitMs: number
}

/** How many requests may be under way: to one host, and to all together. */
export interface Slots {
  /**
   * Waits for its turn, `maxWaitMs` at most. A host whose own slots are taken holds nobody else up.
   * @returns what gives the slot back; call it once
   * @throws OutboundError `busy` when its turn did not come; the signal's reason
   */
  readonly take: (host: string, signal: AbortSignal) => Promise<() => void>
}

interface Waiting {
  readonly host: string
  readonly enter: () => void
}

const busy = () => new OutboundError('busy', 'All connections that the host may have are in use.')

/** In place of the agents' own limits: Node's `maxTotalSockets` lets one host's queue stop those of others. */
export const createSlots = ({ maxSocketsPerHost, maxSockets, maxWaitMs }: SlotLimits): Slots => {
  const taken = new Map<string, number>()
  const line = new Set<Waiting>()
  let all = 0

  const change = (host: string, by: 1 | -1): void => {
    const count = (taken.get(host) ?? 0) + by
    if (count === 0) taken.delete(host)
    else taken.set(host, count)
    all += by
  }
  const fits = (host: string): boolean => all < maxSockets && (taken.get(host) ?? 0) < maxSocketsPerHost
  const letIn = (): void => {
    for (const waiting of line) if (fits(waiting.host)) waiting.enter()
  }

  const untilMyTurn = (host: string, signal: AbortSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      const stopWaiting = () => {
        line.delete(waiting)
        clearTimeout(timer)
        signal.removeEventListener('abort', giveUp)
      }
      const giveUp = () => {
        stopWaiting()
        reject(signal.aborted ? signal.reason : busy())
      }
      const enter = () => {
        stopWaiting()
        change(host, 1)
        resolve()
      }
      const waiting = { host, enter }
      const timer = setTimeout(giveUp, maxWaitMs)
      signal.addEventListener('abort', giveUp, { once: true })
      line.add(waiting)
    })

  const take = async (host: string, signal: AbortSignal): Promise<() => void> => {
    signal.throwIfAborted()
    if (fits(host)) change(host, 1)
    else await untilMyTurn(host, signal)
    return () => {
      change(host, -1)
      letIn()
    }
  }

  return { take }
}
