import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import type { Test } from './environment.js'

/** A delivery as it came in. */
export interface Received {
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  /** As it was sent, byte by byte. */
  readonly body: string
}

/** Answers a delivery; what answers nothing stalls. */
export type Reply = (response: ServerResponse, received: Received) => void

export interface Receiver {
  readonly url: string
  readonly received: Received[]
  /** Another way to answer, from now on. */
  readonly reply: (reply: Reply) => void
  /** Ends every connection: call it at the end of a test, so that no worker waits for an answer. */
  readonly stop: () => void
}

const ok: Reply = (response) => response.end('thanks')

/** Answers with that status and nothing else. */
export const status =
  (code: number, headers: Readonly<Record<string, string>> = {}): Reply =>
  (response) =>
    response.writeHead(code, headers).end(`status ${code}`)

const toReceived = async (request: IncomingMessage): Promise<Received> => {
  const headers = Object.entries(request.headers).map(([name, value]) => [name, String(value)])
  return { path: request.url ?? '', headers: Object.fromEntries(headers), body: await text(request) }
}

/** Somebody's server on 127.0.0.1, to which webhooks are delivered. */
export const startReceiver = async (t: Test, first: Reply = ok): Promise<Receiver> => {
  const received: Received[] = []
  let current = first
  const server = createServer((request, response) => {
    void toReceived(request).then((one) => {
      received.push(one)
      current(response, one)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const stop = (): void => {
    server.closeAllConnections()
    server.close()
  }
  t.teardown(stop)
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the server has no port')
  return {
    url: `http://127.0.0.1:${address.port}/hook`,
    received,
    reply: (reply) => {
      current = reply
    },
    stop,
  }
}
