import { type IncomingMessage, type Server, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { badRequest, HttpError, upgradeRequired } from './http-errors.js'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Takes WebSocket handshakes, which pass all hooks of the route; see `handshakeOf`. */
    websocket?: true
  }
}

/** A connection on which a WebSocket is asked for. */
export interface Handshake {
  readonly socket: Socket
  /** What the client sent behind it. */
  readonly head: Buffer
}

/** For the answer and its way; the headers have arrived by then. Nothing that a route waits for takes longer. */
const HANDSHAKE_TIMEOUT_MS = 5_000
/** The protocol under which a browser, which can set no header, brings its access token: `['bearer', token]`. */
export const BEARER_PROTOCOL = 'bearer'
/** 16 bytes in base64 (RFC 6455, 4.1). */
const KEY = /^[+/0-9A-Za-z]{22}==$/
const VERSION = '13'
const SWITCHING_PROTOCOLS = 101
const PROTOCOL = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/

const ignoreError = (): void => {}

const handshakes = new WeakMap<IncomingMessage, Handshake>()

/** The protocols that the client offers, in its order. */
export const protocolsOf = ({ headers }: IncomingMessage): string[] =>
  (headers['sec-websocket-protocol'] ?? '').split(',').map((protocol) => protocol.trim())

/** None at all, or each well-formed and once (RFC 6455, 4.1). */
const offersProtocols = (request: IncomingMessage): boolean => {
  const protocols = protocolsOf(request)
  const isAbsent = request.headers['sec-websocket-protocol'] === undefined
  return (
    isAbsent ||
    (protocols.every((name) => PROTOCOL.test(name)) && new Set(protocols).size === protocols.length)
  )
}

/**
 * The handshake that this request is, if it came as one.
 * @throws HttpError upgrade_required when it did not, or in another version; bad_request for one that breaks its rules
 */
export const handshakeOf = ({ raw }: FastifyRequest): Handshake => {
  const handshake = handshakes.get(raw)
  const { 'sec-websocket-version': version, 'sec-websocket-key': key = '' } = raw.headers
  if (!handshake || version !== VERSION)
    throw new HttpError(upgradeRequired, {
      upgrade: 'websocket',
      // Without `close` Node would keep it, whatever was asked for.
      connection: 'Upgrade, close',
      'sec-websocket-version': VERSION,
    })
  if (!KEY.test(key) || !offersProtocols(raw)) throw new HttpError(badRequest)
  return handshake
}

/** Puts a token that came as a protocol where every other access token stands, so that one check is enough. */
const moveToken = (request: IncomingMessage): void => {
  const [scheme, token, ...others] = protocolsOf(request)
  if (request.headers.authorization !== undefined || scheme !== BEARER_PROTOCOL) return
  if (token !== undefined && others.length === 0) request.headers.authorization = `Bearer ${token}`
}

/** Hands it to the app like any request. What the app answers itself, such as 401, ends the connection. */
const routeHandshake = (
  app: FastifyInstance,
  request: IncomingMessage,
  response: ServerResponse,
  { socket, head }: Handshake,
): void => {
  moveToken(request)
  handshakes.set(request, { socket, head })
  socket.setTimeout(HANDSHAKE_TIMEOUT_MS, () => socket.destroy())
  response.shouldKeepAlive = false
  response.once('finish', () => response.socket?.destroySoon())
  app.routing(request, response)
}

/** The answer to a request on this connection; undefined while an earlier one is not answered. */
const responseOn = (request: IncomingMessage, socket: Socket): ServerResponse | undefined => {
  const response = new ServerResponse(request)
  try {
    response.assignSocket(socket)
    return response
  } catch {
    return undefined
  }
}

/** What a request loses so that it is no longer an offer to change the protocol. */
const OFFER = new Set(['upgrade', 'http2-settings'])

const textOf = ({ method, url, httpVersion, rawHeaders }: IncomingMessage): string => {
  const lines = rawHeaders.flatMap((name, at) =>
    at % 2 === 0 && !OFFER.has(name.toLowerCase()) ? [`${name}: ${rawHeaders[at + 1]}`] : [],
  )
  return [`${method} ${url} HTTP/${httpVersion}`, ...lines, '', ''].join('\r\n')
}

/**
 * Serves a request as if nothing had been offered (RFC 9110, 7.8). Some clients offer HTTP/2 with each request, bodies included,
 * and Node has taken its parser off the connection by now: it begins anew, with what it has read put back.
 */
const ignoreOffer = (server: Server, request: IncomingMessage, { socket, head }: Handshake): void => {
  socket.off('error', ignoreError)
  socket.unshift(Buffer.concat([Buffer.from(textOf(request), 'latin1'), head]))
  server.emit('connection', socket)
}

/** In HTTP/1.0 an offer is to be ignored (RFC 9110, 7.8): proxies of its time would pass it on and not understand the rest. */
const isWebSocket = ({ method, headers, httpVersion }: IncomingMessage): boolean =>
  method === 'GET' && httpVersion === '1.1' && headers.upgrade?.toLowerCase() === 'websocket'

/** Lets routes with `config.websocket` take WebSocket handshakes. Call it before they are added. */
export const registerUpgrades = (app: FastifyInstance): void => {
  const urls = new Set<string>()
  app.addHook('onRoute', ({ url, config }) => {
    if (config?.websocket) urls.add(url)
  })
  app.server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    // Node takes its own error handler away with its parser.
    socket.on('error', ignoreError)
    const [path = ''] = (request.url ?? '').split('?')
    const response = socket instanceof Socket ? responseOn(request, socket) : undefined
    // Nobody may change the protocol before he has his answers: they would be lost on the way.
    if (!response || !(socket instanceof Socket)) socket.destroy()
    else if (isWebSocket(request) && urls.has(path)) routeHandshake(app, request, response, { socket, head })
    else {
      response.detachSocket(socket)
      ignoreOffer(app.server, request, { socket, head })
    }
  })
}

/** Takes the connection out of the hands of HTTP: from here on it is the caller's to close. */
export const releaseSocket = ({ socket }: Handshake, response: ServerResponse): void => {
  response.detachSocket(socket)
  socket.removeAllListeners('timeout')
  socket.setTimeout(0)
}

/**
 * Ends the request whose connection was released, for the hooks and whoever else waits for its end. Without its connection the
 * response would never come to one by itself: it was answered with 101, or its client had gone before.
 */
export const endHandshake = (response: ServerResponse, isAccepted: boolean): void => {
  if (isAccepted) response.statusCode = SWITCHING_PROTOCOLS
  response.emit(isAccepted ? 'finish' : 'close')
}
