import { inSpan, type Tracer } from '../telemetry/tracer.js'
import { isPublicAddress } from './addresses.js'
import { createAgents } from './agents.js'
import type { Answer } from './answer.js'
import { exchangeOver, type Phase } from './exchange.js'
import { createLookup, type Resolve, resolveByDns, resolveBySystem } from './lookup.js'
import { OutboundError } from './outbound.errors.js'
import { createSlots, type SlotLimits } from './slots.js'
import { checkTarget } from './targets.js'

export interface OutboundRequest {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Uint8Array
  /** From its turn on, for all of it: the name server, the connection, TLS, the answer to its end. */
  readonly timeoutMs: number
  readonly signal?: AbortSignal | undefined
  /** How much of the answer's body is kept; what is longer is cut there, and its connection ended. */
  readonly maxResponseBytes: number
}

export interface OutboundAnswer extends Answer {
  readonly durationMs: number
}

/** Calls servers that strangers named. */
export interface Outbound {
  /**
   * Sends a POST and returns the answer, whatever its status; redirects are not followed. The same request may arrive
   * twice: a kept connection can break after the server has read from it.
   * @throws OutboundError when there is no answer, or not to its end; `busy` when it was not even sent
   */
  readonly post: (request: OutboundRequest) => Promise<OutboundAnswer>
  /** Gives up what is under way (`aborted`) and ends all connections. */
  readonly close: () => void
}

export interface OutboundOptions extends Partial<SlotLimits> {
  /** Private addresses too: for development. */
  readonly allowPrivate: boolean
  readonly resolve?: Resolve
  readonly tracer?: Tracer | undefined
}

/** Aborts with the error of whatever comes first: the deadline once it has begun, the caller's signal, the client's end. */
const createLimit = ({ timeoutMs, signal }: OutboundRequest, progress: { phase: Phase }) => {
  const controller = new AbortController()
  const abort = () => controller.abort(new OutboundError('aborted', 'The request was given up.'))
  let timer: NodeJS.Timeout | undefined
  const begin = () => {
    timer = setTimeout(() => {
      const message = `No whole answer within ${timeoutMs} ms: it waited for ${progress.phase}.`
      controller.abort(new OutboundError('timed_out', message))
    }, timeoutMs)
  }
  signal?.addEventListener('abort', abort, { once: true })
  if (signal?.aborted) abort()
  const release = () => {
    clearTimeout(timer)
    signal?.removeEventListener('abort', abort)
  }
  return { signal: controller.signal, begin, abort, release }
}

/** The address is not told: whoever owns it may have written a name or a secret into it. */
const POST = { name: 'POST', kind: 'client', attributes: { 'http.request.method': 'POST' } } as const

const parseTarget = (text: string, allowPrivate: boolean): URL => {
  const refusal = checkTarget(text, { allowPrivate })
  if (refusal) throw new OutboundError(refusal.code, `The URL ${refusal.reason}.`)
  return new URL(text)
}

/**
 * Makes the client. Every address is judged when a connection is made, whatever was checked before; a kept connection
 * stays with the address it was judged by.
 */
export const createOutbound = ({
  allowPrivate,
  resolve = allowPrivate ? resolveBySystem : resolveByDns,
  maxSocketsPerHost = 8,
  maxSockets = 256,
  maxWaitMs = 1_000,
  tracer,
}: OutboundOptions): Outbound => {
  const agents = createAgents()
  const slots = createSlots({ maxSocketsPerHost, maxSockets, maxWaitMs })
  const underWay = new Set<() => void>()
  const isAllowed = (address: string): boolean => allowPrivate || isPublicAddress(address)
  let closed = false

  const post = async (request: OutboundRequest): Promise<OutboundAnswer> => {
    const url = parseTarget(request.url, allowPrivate)
    const { headers, body, maxResponseBytes } = request
    const progress: { phase: Phase } = { phase: 'a free connection' }
    const { signal, begin, abort, release } = createLimit(request, progress)
    underWay.add(abort)
    if (closed) abort()
    const lookup = createLookup({ resolve, isAllowed, signal })
    const exchange = { url, headers, body, maxResponseBytes, lookup, signal, progress }
    let leave: (() => void) | undefined
    try {
      leave = await slots.take(url.host, signal)
      // Its time and its duration are the other server's: what others hold of our connections is not charged to it.
      begin()
      const started = performance.now()
      const answer = await exchangeOver({ ...exchange, agent: agents.kept(url) }, agents.fresh(url))
      return { ...answer, durationMs: Math.round(performance.now() - started) }
    } finally {
      leave?.()
      underWay.delete(abort)
      release()
    }
  }

  const close = (): void => {
    closed = true
    for (const abort of underWay) abort()
    agents.close()
  }

  return { post: (request) => inSpan(tracer, POST, () => post(request)), close }
}
