import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Registry } from 'prom-client'
import { ConfigError } from '../environment.js'

const REQUEST_TIMEOUT_MS = 5_000
const MAX_CONNECTIONS = 100

export interface OperationsNeeds {
  readonly host: string
  /** 0 picks a free one. */
  readonly port: number
  readonly registry: Registry
  /** Rejects, with the reason, when this process wants no work. */
  readonly checkReady: () => Promise<void>
}

export interface OperationsServer {
  readonly port: number
  readonly close: () => Promise<void>
}

const answer = (response: ServerResponse, status: number, type: string, body: string): void => {
  response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' }).end(body)
}

const json = (response: ServerResponse, status: number, body: object): void =>
  answer(response, status, 'application/json', JSON.stringify(body))

const routesOf = ({ registry, checkReady }: OperationsNeeds) => ({
  '/livez': async (response: ServerResponse) => json(response, 200, { status: 'ok' }),
  '/readyz': (response: ServerResponse) =>
    checkReady().then(
      () => json(response, 200, { status: 'ok' }),
      (error: Error) => json(response, 503, { status: 'unavailable', reason: error.message }),
    ),
  '/metrics': async (response: ServerResponse) =>
    answer(response, 200, registry.contentType, await registry.metrics()),
})

/** Node names the address, which tells nobody which variable it came from. */
const toListenFailure = (error: NodeJS.ErrnoException): Error =>
  error.syscall === 'getaddrinfo' || error.code === 'EADDRNOTAVAIL'
    ? new ConfigError([`HOST: must be an address of this machine (${error.code})`])
    : error

const listen = (server: Server, port: number, host: string): Promise<void> =>
  new Promise((resolve, reject) => {
    const fail = (error: Error): void => reject(toListenFailure(error))
    server.once('error', fail)
    server.listen(port, host, () => {
      server.removeListener('error', fail)
      resolve()
    })
  })

/**
 * Serves `/livez`, `/readyz` and `/metrics` (Prometheus) on a port of their own, which is not for the public.
 * @throws EADDRINUSE when the port is taken; ConfigError when the host is not one to listen on
 */
export const startOperationsServer = async (needs: OperationsNeeds): Promise<OperationsServer> => {
  const routes = new Map(Object.entries(routesOf(needs)))
  const server = createServer({ requestTimeout: REQUEST_TIMEOUT_MS }, (request, response) => {
    const route = routes.get(request.url?.split('?')[0] ?? '')
    if (!route) return json(response, 404, { status: 'not found' })
    if (request.method !== 'GET' && request.method !== 'HEAD')
      return json(response, 405, { status: 'method not allowed' })
    route(response).catch((error: Error) =>
      json(response, 503, { status: 'unavailable', reason: error.name }),
    )
  })
  server.maxConnections = MAX_CONNECTIONS
  await listen(server, needs.port, needs.host)
  // Listening on TCP, it has an address with a port.
  const { port } = server.address() as AddressInfo
  return {
    port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
