import { once } from 'node:events'
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
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

/** A connection that becomes another protocol's: it stays with its pod, and the next one does not. */
const passUpgradeOn = (target: string, incoming: IncomingMessage, near: Duplex): void => {
  const { method, url, headers } = incoming
  const outgoing = request(`${target}${url}`, { method, headers, agent: false })
  near.on('error', () => outgoing.destroy())
  outgoing.on('error', () => near.destroy())
  outgoing.on('upgrade', (response, far, head) => {
    const lines = Object.entries(response.headers).map(([name, value]) => `${name}: ${value}`)
    near.write(`${['HTTP/1.1 101 Switching Protocols', ...lines].join('\r\n')}\r\n\r\n`)
    near.write(head)
    near.pipe(far).pipe(near)
    near.on('close', () => far.destroy())
    far.on('error', () => near.destroy()).on('close', () => near.destroy())
  })
  outgoing.on('response', (response) => near.end(`HTTP/1.1 ${response.statusCode} Refused\r\n\r\n`))
  outgoing.end()
}

/** A balancer in front of these base URLs: each request goes to the next of them. @returns its own base URL */
export const startRoundRobin = async (t: Test, targets: readonly string[]): Promise<string> => {
  let turn = 0
  const next = (): string | undefined => {
    turn += 1
    return targets[(turn - 1) % targets.length]
  }
  const server = createServer((incoming, answer) => {
    const target = next()
    if (target === undefined) answer.writeHead(502).end()
    else passOn(target, incoming, answer).catch(() => answer.destroy())
  })
  const upgraded = new Set<Duplex>()
  server.on('upgrade', (incoming, socket) => {
    const target = next()
    if (target === undefined) return socket.destroy()
    upgraded.add(socket)
    socket.on('close', () => upgraded.delete(socket))
    passUpgradeOn(target, incoming, socket)
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    for (const socket of upgraded) socket.destroy()
    server.close()
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the balancer has no port')
  return `http://127.0.0.1:${address.port}`
}
