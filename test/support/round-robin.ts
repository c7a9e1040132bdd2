import { once } from 'node:events'
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import type { Test } from './environment.js'

const passOn = (target: string, incoming: IncomingMessage, answer: ServerResponse): void => {
  const { method, url, headers } = incoming
  const outgoing = request(`${target}${url}`, { method, headers }, (response) => {
    answer.writeHead(response.statusCode ?? 502, response.headers)
    response.pipe(answer)
  })
  // A pod that refuses a body closes while it is still being sent.
  outgoing.on('error', () => (answer.headersSent ? answer.destroy() : answer.writeHead(502).end()))
  incoming.pipe(outgoing)
}

/** A balancer in front of these base URLs: each request goes to the next of them. @returns its own base URL */
export const startRoundRobin = async (t: Test, targets: readonly string[]): Promise<string> => {
  let turn = 0
  const server = createServer((incoming, answer) => {
    const target = targets[turn % targets.length]
    turn += 1
    if (target === undefined) answer.writeHead(502).end()
    else passOn(target, incoming, answer)
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
