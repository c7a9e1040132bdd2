import { Socket } from 'node:net'

/*
 * The driver's sockets, kept in hand. Left to itself, the driver (3.4.9)
 * - connects again without a pause, and tells nobody, while a server closes each connection before it greets;
 * - waits on a half-open connection for as long as TCP does, a quarter of an hour;
 * - hears of an error before it hears that the socket is closed, and forgets what was asked between the two: that waits for ever;
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
  /** To be called at even intervals: a process that was frozen must not take its own silence for the server's. */
  readonly look: () => void
  /** Gives up those on which nothing has arrived for so many looks: whatever is owed on them fails, and passes. */
  readonly closeSilent: (looks: number) => void
  readonly closeAll: () => void
}

/** By these codes the failure counts as a lost connection. */
const lost = (code: string, message: string): Error => Object.assign(new Error(message), { code })

/** The server's "ready for query, and in no transaction": the end of each greeting. A farewell may come right behind it. */
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
    greeted = chunk.includes(READY) || chunk.equals(WILL_ENCRYPT)
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

interface Heard {
  bytes: number
  silentLooks: number
}

export const createSockets = (): Sockets => {
  const heard = new Map<Socket, Heard>()

  return {
    open: (place) => {
      const socket = openSocket(place)
      heard.set(socket, { bytes: 0, silentLooks: 0 })
      socket.once('close', () => heard.delete(socket))
      return socket
    },
    look: () => {
      for (const [socket, last] of heard) {
        // The driver takes our listeners off when it begins to encrypt.
        if (socket.destroyed) heard.delete(socket)
        last.silentLooks = socket.bytesRead === last.bytes ? last.silentLooks + 1 : 0
        last.bytes = socket.bytesRead
      }
    },
    closeSilent: (looks) => {
      for (const [socket, { silentLooks }] of heard) {
        if (silentLooks >= looks)
          socket.destroy(lost('ETIMEDOUT', 'Postgres has not said a word for too long'))
      }
    },
    closeAll: () => {
      for (const socket of heard.keys()) socket.destroy()
    },
  }
}
