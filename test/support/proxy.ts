import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { freePort } from '../../dev/stack/ports.js'
import type { Test } from './environment.js'

/** A way to a TCP server that can be cut, or left open and dead. */
export interface TcpProxy {
  readonly port: number
  /** Breaks all connections and refuses new ones, as when the server is stopped. */
  readonly cut: () => Promise<void>
  /** Breaks all connections of now without a farewell, as a server that crashed or a network that changed; new ones work. */
  readonly reset: () => void
  /** Keeps connections, takes new ones, and lets nothing through, as when packets get lost. */
  readonly stall: () => void
  /** Lets nothing through on the connections of now, as a firewall that has forgotten them; new ones work. */
  readonly forget: () => void
  /** Takes new connections and lets nothing through on them; those of now work. */
  readonly stallNew: () => void
  /** Everything works again; what was held back arrives late. */
  readonly mend: () => Promise<void>
}

/** The same address by way of the proxy. */
export const through = (address: string, { port }: TcpProxy): string => {
  const url = new URL(address)
  url.port = String(port)
  return url.href
}

/** Starts a proxy on a free port of 127.0.0.1, which it keeps even while it is cut. */
export const startProxy = async (t: Test, { hostname, port: farPort }: URL): Promise<TcpProxy> => {
  const sockets = new Set<Socket>()
  let stalled = false
  const stallNew = (): void => {
    stalled = true
  }
  const port = await freePort()

  const track = (socket: Socket, other: Socket): void => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => {
      sockets.delete(socket)
      other.destroy()
    })
    socket.pipe(other)
    if (stalled) socket.pause()
  }

  const listen = async (): Promise<Server> => {
    const server = createServer((near) => {
      const far = connect(Number(farPort), hostname)
      track(near, far)
      track(far, near)
    })
    await once(server.listen(port, '127.0.0.1'), 'listening')
    return server
  }

  let server: Server | undefined = await listen()

  const cut = async (): Promise<void> => {
    for (const socket of sockets) socket.destroy()
    if (!server) return
    const closed = once(server, 'close')
    server.close()
    server = undefined
    await closed
  }
  t.teardown(cut)

  const forget = (): void => {
    for (const socket of sockets) socket.pause()
  }

  return {
    port,
    cut,
    forget,
    reset: () => {
      for (const socket of sockets) socket.resetAndDestroy()
    },
    stallNew,
    stall: () => {
      stallNew()
      forget()
    },
    mend: async () => {
      stalled = false
      for (const socket of sockets) socket.resume()
      server ??= await listen()
    },
  }
}
