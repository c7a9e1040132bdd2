import { type Agent, type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import type { LookupFunction, Socket } from 'node:net'
import { type Answer, readAnswer } from './answer.js'
import { OutboundError } from './outbound.errors.js'

/** How far a request has come: what the operator reads when it fails or takes too long. */
export type Phase =
  | 'a free connection'
  | 'the name server'
  | 'the connection'
  | 'the TLS handshake'
  | 'the answer'
  | 'the end of the answer'

export interface Exchange {
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Uint8Array
  readonly maxResponseBytes: number
  readonly agent: Agent
  readonly lookup: LookupFunction
  /** Its reason is an OutboundError. */
  readonly signal: AbortSignal
  /** Kept up to date, for whoever has to say what it waits for. */
  readonly progress: { phase: Phase }
}

const MAX_HEADER_BYTES = 8_192
/** A server may say 100 or 103 before it answers; one that goes on saying it has no answer. */
const MAX_INFORMATIONAL = 8

const send = ({ url, headers, body, agent, signal, lookup, progress }: Exchange): ClientRequest => {
  progress.phase = 'a free connection'
  const isTls = url.protocol === 'https:'
  const reach = (phase: Phase) => () => {
    progress.phase = phase
  }
  const outgoing = (isTls ? httpsRequest : httpRequest)(url, {
    method: 'POST',
    headers: { ...headers, 'accept-encoding': 'identity' },
    agent,
    signal,
    lookup: (hostname, options, callback) => {
      progress.phase = 'the name server'
      lookup(hostname, options, (...found) => {
        progress.phase = 'the connection'
        callback(...found)
      })
    },
    maxHeaderSize: MAX_HEADER_BYTES,
  })
  outgoing.once('socket', (socket: Socket) => {
    if (!socket.connecting) return reach('the answer')()
    // A name is being looked up already; an address needs no look-up.
    if (progress.phase === 'a free connection') reach('the connection')()
    socket.once('connect', reach(isTls ? 'the TLS handshake' : 'the answer'))
    socket.once('secureConnect', reach('the answer'))
  })
  outgoing.end(body)
  return outgoing
}

const responseTo = (outgoing: ClientRequest): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    let informational = 0
    outgoing.on('information', () => {
      informational += 1
      if (informational > MAX_INFORMATIONAL) {
        outgoing.destroy(new OutboundError('invalid_response', 'The server did not come to its answer.'))
      }
    })
    outgoing.once('response', (response) => {
      // The request is told first, and better, what is wrong with a body; whoever reads it may come later.
      outgoing.once('error', (error) => response.destroy(error))
      response.on('error', () => {})
      resolve(response)
    })
    // Stays: a connection may fail once more when nobody waits any longer.
    outgoing.on('error', reject)
    outgoing.once('close', () =>
      reject(new OutboundError('invalid_response', 'The server ended the connection without an answer.')),
    )
  })

// Node's sockets, TLS and parser all fail with a code.
const codeOf = (error: unknown): string => String((error as NodeJS.ErrnoException).code)

const isClosed = (error: unknown): boolean => ['ECONNRESET', 'EPIPE'].includes(codeOf(error))

/** Names the failure by where it happened; Node's own words have addresses in them. */
const toOutboundError = (cause: unknown, phase: Phase): OutboundError => {
  if (cause instanceof OutboundError) return cause
  const code = codeOf(cause)
  if (code.startsWith('HPE_')) {
    return new OutboundError('invalid_response', `The answer is not valid HTTP (${code}).`, { cause })
  }
  if (phase === 'the TLS handshake') {
    return new OutboundError('tls_failure', `The TLS handshake failed (${code}).`, { cause })
  }
  const what = phase === 'the connection' ? 'The connection failed' : 'The connection broke'
  return new OutboundError('connection_failed', `${what} (${code}).`, { cause })
}

const attempt = async (exchange: Exchange, outgoing: ClientRequest): Promise<Answer> => {
  try {
    const response = await responseTo(outgoing)
    exchange.progress.phase = 'the end of the answer'
    return await readAnswer(response, exchange.maxResponseBytes)
  } finally {
    // A server may answer, and never read what it was sent.
    if (!outgoing.writableFinished) outgoing.destroy()
  }
}

/**
 * Sends one request and reads what is answered. A kept connection that the server closes at this very moment is no
 * failure of the server: a new one is made by `fresh`, once.
 * @throws OutboundError
 */
export const exchangeOver = async (exchange: Exchange, fresh?: Agent): Promise<Answer> => {
  const { signal, progress } = exchange
  const outgoing = send(exchange)
  try {
    return await attempt(exchange, outgoing)
  } catch (error) {
    if (signal.aborted) throw signal.reason
    if (fresh && isClosed(error) && outgoing.reusedSocket && progress.phase === 'the answer') {
      return exchangeOver({ ...exchange, agent: fresh })
    }
    throw toOutboundError(error, progress.phase)
  }
}
