import { once } from 'node:events'
import { SMTPServer } from 'smtp-server'

export interface MailSink {
  /** As SMTP_URL. */
  readonly url: string
  /** How often the mail with this key was taken. */
  readonly timesTaken: (key: string) => number
  /** The token of the newest mail of this subject to this address. */
  readonly tokenFor: (subject: string, address: string) => string | undefined
  readonly close: () => Promise<void>
}

const keyIn = (message: string): string => /^Message-ID:\s+<(.+)@.+>$/im.exec(message)?.[1] ?? ''
const subjectIn = (message: string): string => /^Subject: (.+)$/im.exec(message)?.[1] ?? ''
/** Long lines are broken off with a sign of their own. */
const tokenIn = (message: string): string | undefined =>
  /: ([\w-]{43})$/m.exec(message.replaceAll('=\n', ''))?.[1]

const readAll = async (stream: AsyncIterable<Buffer>): Promise<string> => {
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(chunk)
  return Buffer.concat(chunks).toString('utf8').replaceAll('\r\n', '\n')
}

const portOf = async (server: SMTPServer): Promise<number> => {
  server.listen(0, '127.0.0.1')
  await once(server.server, 'listening', { signal: AbortSignal.timeout(5_000) })
  const address = server.server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}

/** A mail server on a free port that takes everything and remembers what. */
export const startMailSink = async (): Promise<MailSink> => {
  const taken = new Map<string, number>()
  const tokens = new Map<string, string>()
  const server = new SMTPServer({
    ...{ name: 'fleet', disabledCommands: ['STARTTLS', 'AUTH'], disableReverseLookup: true, logger: false },
    onData: async (stream, { envelope }, callback) => {
      // Undefined: the worker died on the way, and nobody waits for an answer.
      const message = await readAll(stream).catch(() => undefined)
      if (message === undefined) return
      const [key, token] = [keyIn(message), tokenIn(message)]
      taken.set(key, (taken.get(key) ?? 0) + 1)
      const [recipient] = envelope.rcptTo
      if (token !== undefined) tokens.set(`${subjectIn(message)} ${recipient?.address}`, token)
      callback(null, 'taken')
    },
  })
  // What a killed worker breaks off is no fault of the server's.
  server.on('error', () => {})
  const port = await portOf(server)
  const close = async (): Promise<void> => {
    const closed = new Promise<void>((resolve) => server.close(resolve))
    for (const connection of server.connections) connection._socket.destroy()
    await closed
  }
  return {
    url: `smtp://127.0.0.1:${port}?tls=none`,
    timesTaken: (key) => taken.get(key) ?? 0,
    tokenFor: (subject, address) => tokens.get(`${subject} ${address}`),
    close,
  }
}
