import { once } from 'node:events'
import { WebSocket, WebSocketServer } from 'ws'
import type { Test } from './environment.js'

/** Both ends of a WebSocket without a service around it. */
export const pairSockets = async (t: Test, autoPong = true) => {
  // The option that the library's types do not know.
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', ...{ closeTimeout: 200 } })
  t.teardown(() => server.close())
  await once(server, 'listening')
  const address = server.address()
  if (typeof address === 'string' || address === null) throw new Error('no port')
  const accepted: Promise<WebSocket[]> = once(server, 'connection')
  const options = { autoPong, perMessageDeflate: false }
  const client = new WebSocket(`ws://127.0.0.1:${address.port}`, options)
  t.teardown(() => client.terminate())
  await once(client, 'open')
  const [socket] = await accepted
  if (!socket) throw new Error('no socket')
  return { client, socket }
}
