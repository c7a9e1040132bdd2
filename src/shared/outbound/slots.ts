export interface SlotLimits {
  readonly maxSocketsPerHost: number
  readonly maxSockets: number
}

/** How many requests may be under way: to one host, and to all together. */
export interface Slots {
  /**
   * Waits for its turn, as long as the caller's signal lets it. A host whose own slots are taken holds nobody else up.
   * @returns what gives the slot back; call it once
   * @throws the signal's reason
   */
  readonly take: (host: string, signal: AbortSignal) => Promise<() => void>
}

interface Waiting {
  readonly host: string
  readonly enter: () => void
}

/** In place of the agents' own limits: Node's `maxTotalSockets` lets one host's queue stop those of others. */
export const createSlots = ({ maxSocketsPerHost, maxSockets }: SlotLimits): Slots => {
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
      const leave = () => {
        line.delete(waiting)
        reject(signal.reason)
      }
      const enter = () => {
        line.delete(waiting)
        signal.removeEventListener('abort', leave)
        change(host, 1)
        resolve()
      }
      const waiting = { host, enter }
      signal.addEventListener('abort', leave, { once: true })
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
