import { once } from 'node:events'
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import type { Test } from './environment.js'

/** More than any pod takes. */
const MAX_BODY_BYTES = 4 * 1024 * 1024

/** The whole body: a pod that refuses it half-way would close before its answer is read. */
const bodyOf = async (incoming: IncomingMessage): Promise<Buffer> => {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of incoming) {
    bytes += chunk.length
    if (bytes > MAX_BODY_BYTES) throw new Error('the body is too large for the balancer')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

const passOn = async (target: string, incoming: IncomingMessage, answer: ServerResponse): Promise<void> => {
  const { method, url, headers } = incoming
  const body = await bodyOf(incoming)
  // A connection for each: a kept one may have been closed by the pod in this moment.
  const outgoing = request(`${target}${url}`, { method, headers, agent: false }, (response) => {
    answer.writeHead(response.statusCode ?? 502, response.headers)
    response.pipe(answer)
  })
  outgoing.on('error', () => (answer.headersSent ? answer.destroy() : answer.writeHead(502).end()))
  outgoing.end(body)
}

/** A balancer in front of these base URLs: each request goes to the next of them. @returns its own base URL */
export const startRoundRobin = async (t: Test, targets: readonly string[]): Promise<string> => {
  let turn = 0
  const server = createServer((incoming, answer) => {
    const target = targets[turn % targets.length]
    turn += 1
    if (target === undefined) answer.writeHead(502).end()
    else passOn(target, incoming, answer).catch(() => answer.destroy())
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the balancer has no port')
  return `http://127.0.0.1:${address.port}`
}
