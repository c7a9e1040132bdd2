import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import type { Test } from './environment.js'

/** What the server does with a mail: take it, refuse it for now, or hold its answer back. */
export type SmtpMode = 'accept' | 'refuse' | 'stall'

export interface ReceivedMail {
  readonly recipients: readonly string[]
  readonly message: string
  readonly messageId: string
}

export interface SmtpServer {
  readonly url: string
  /** What it has accepted, in the order of its answers. */
  readonly mails: ReceivedMail[]
  readonly refused: () => number
  /** Mails that it was sent whole and has not answered: their jobs are in hand. */
  readonly stalled: () => number
  readonly setMode: (mode: SmtpMode) => void
  /** Accepts what it has held back. */
  readonly release: () => void
}

/** Reads what a client without encryption and log-in says (RFC 5321) and hands each mail to `onMail`. */
const converse = (
  socket: Socket,
  onMail: (mail: ReceivedMail, say: (line: string) => void) => void,
  isRefusing: () => boolean,
): void => {
  const say = (line: string): void => void (socket.writable && socket.write(`${line}\r\n`))
  let recipients: string[] = []
  let data: string[] | undefined
  const commands: Readonly<Record<string, (line: string) => void>> = {
    MAIL: () => say(isRefusing() ? '451 not now' : '250 ok'),
    RCPT: (line) => {
      recipients.push(line.slice(line.indexOf('<') + 1, line.lastIndexOf('>')))
      say('250 ok')
    },
    DATA: () => {
      data = []
      say('354 go on')
    },
    QUIT: () => socket.end('221 bye\r\n'),
  }
  const onLine = (line: string): void => {
    const command = commands[line.slice(0, 4).toUpperCase()] ?? (() => say('250 ok'))
    if (data === undefined) command(line)
    else if (line !== '.') data.push(line)
    else {
      const message = data.join('\n')
      const messageId = /^Message-ID:\s+<(.+)>$/im.exec(message)?.[1] ?? ''
      onMail({ recipients, message, messageId }, say)
      recipients = []
      data = undefined
    }
  }
  socket.on('error', () => socket.destroy())
  createInterface({ input: socket }).on('line', onLine)
  say('220 test')
}

export const startSmtp = async (t: Test, initial: SmtpMode = 'accept'): Promise<SmtpServer> => {
  let mode = initial
  let refused = 0
  const mails: ReceivedMail[] = []
  const held = new Set<() => void>()
  const sockets = new Set<Socket>()

  const isRefusing = (): boolean => {
    if (mode === 'refuse') refused += 1
    return mode === 'refuse'
  }
  const server = createServer((socket) => {
    const heldHere = new Set<() => void>()
    sockets.add(socket)
    socket.on('close', () => {
      sockets.delete(socket)
      for (const accept of heldHere) held.delete(accept)
    })
    const onMail = (mail: ReceivedMail, say: (line: string) => void): void => {
      const accept = () => {
        held.delete(accept)
        mails.push(mail)
        say('250 taken')
      }
      if (mode === 'accept') accept()
      else {
        held.add(accept)
        heldHere.add(accept)
      }
    }
    converse(socket, onMail, isRefusing)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : undefined
  return {
    url: `smtp://127.0.0.1:${port}?ignoreTLS=true`,
    mails,
    refused: () => refused,
    stalled: () => held.size,
    setMode: (next) => {
      mode = next
    },
    release: () => {
      for (const accept of [...held]) accept()
    },
  }
}
