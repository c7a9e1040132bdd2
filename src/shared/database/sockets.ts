import { Socket } from 'node:net'

/*
 * The driver's sockets, kept in hand. Left to itself, the driver (3.4.9)
 * - connects again without a pause, and tells nobody, while a server closes each connection before it greets;
 * - hears of an error before it hears that the socket is closed, and forgets what was asked between the two: that waits for ever,
 *   and so does its connection;
 * - leaves a socket behind that was still connecting when the pool ended.
 */

/** What the driver tells of the place to connect to. */
interface Place {
  readonly host: readonly string[]
  readonly port: readonly number[]
}

export interface Sockets {
  /** The driver's `socket` option; its connect time-out counts from here, and what it writes meanwhile is kept. */
  readonly open: (place: Place) => Socket
  readonly closeAll: () => void
}

/** By these codes the failure counts as a lost connection. */
const lost = (code: string, message: string): Error => Object.assign(new Error(message), { code })

/** The server's "ready for query, and in no transaction": the end of each greeting. */
const READY = Buffer.from('Z\0\0\0\u0005I', 'latin1')
/** The whole answer of a server that is about to encrypt; from then on, the driver reads in our place. */
const WILL_ENCRYPT = Buffer.from('S')

/**
 * Until the server has greeted, an end is an error, since the driver takes one without an error for a reason to try again at
 * once. After that, no end is an error: then the driver fails all that is owed and gives up the connection in one step.
 */
const openSocket = ({ host: [host], port: [port] }: Place): Socket => {
  const socket = new Socket()
  let greeted = false
  const greet = (chunk: Buffer): void => {
    greeted = chunk.subarray(-READY.length).equals(READY) || chunk.equals(WILL_ENCRYPT)
    if (greeted) socket.off('data', greet)
  }
  const destroy = socket._destroy.bind(socket)
  socket._destroy = (error, done) => destroy(greeted ? null : error, done)
  socket.on('data', greet)
  socket.on('end', () => {
    if (!greeted) socket.destroy(lost('CONNECTION_CLOSED', 'Postgres closed the connection'))
  })
  socket.connect({ host: host ?? 'localhost', port: port ?? 5_432 })
  // Where the driver looks for the name that a certificate must have.
  return Object.assign(socket, { host, port })
}

export const createSockets = (): Sockets => {
  const opened = new Set<Socket>()

  return {
    open: (place) => {
      const socket = openSocket(place)
      opened.add(socket)
      socket.once('close', () => opened.delete(socket))
      return socket
    },
    closeAll: () => {
      for (const socket of opened) socket.destroy()
    },
  }
}
