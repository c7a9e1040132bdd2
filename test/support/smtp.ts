import { once } from 'node:events'
import { SMTPServer, type SMTPServerOptions, type SMTPServerSession } from 'smtp-server'
import type { Test } from './environment.js'
import { countConnections, createMailbox, type ReceivedMail, readMail } from './smtp-mailbox.js'
import { createSmtpGate, type SmtpMode, type SmtpStage } from './smtp-modes.js'

export interface SmtpServer {
  readonly url: string
  /** What it has accepted, in the order of its answers. */
  readonly mails: ReceivedMail[]
  readonly refused: () => number
  /** Mails that it was sent whole and has not answered: their jobs are in hand. */
  readonly stalled: () => number
  /** Mails that it was sent whole, whatever it made of them. */
  readonly sent: () => number
  /** Connections so far, those of now, and how many there were at a time. */
  readonly connections: () => { readonly ever: number; readonly open: number; readonly most: number }
  readonly setMode: (mode: SmtpMode) => void
  /** Accepts what it has held back. */
  readonly release: () => void
}

export interface SmtpOptions {
  readonly mode?: SmtpMode
  /** Without it the server knows no TLS, as one in the same pod. */
  readonly tls?: 'implicit' | 'starttls'
  /** PEM. The package brings one that expired in 2025. */
  readonly certificate?: { readonly key: string; readonly cert: string }
  /** Who may log in; then everybody has to. */
  readonly login?: { readonly user: string; readonly password: string }
}

const urlOf = (port: number, { tls, login }: SmtpOptions): string => {
  const user = login ? `${encodeURIComponent(login.user)}:${encodeURIComponent(login.password)}@` : ''
  const scheme = tls === 'implicit' ? 'smtps' : 'smtp'
  return `${scheme}://${user}127.0.0.1:${port}${tls ? '' : '?tls=none'}`
}

const settingsOf = ({ tls, certificate, login }: SmtpOptions): SMTPServerOptions => ({
  secure: tls === 'implicit',
  disabledCommands: [...(tls === 'starttls' ? [] : ['STARTTLS']), ...(login ? [] : ['AUTH'])],
  ...certificate,
  name: 'test',
  // No question to a name server, and no line about the built-in certificate.
  disableReverseLookup: true,
  logger: false,
  onAuth: ({ username, password }, _session, callback) => {
    if (username === login?.user && password === login?.password) callback(null, { user: username })
    else callback(Object.assign(new Error(`no ${username}@example.com here`), { responseCode: 535 }))
  },
})

const listen = async (t: Test, server: SMTPServer): Promise<number> => {
  // What a client breaks off is no fault of the server's.
  server.on('error', () => {})
  server.listen(0, '127.0.0.1')
  await once(server.server, 'listening')
  t.teardown(async () => {
    const closed = new Promise<void>((resolve) => server.close(resolve))
    for (const connection of server.connections) connection._socket.destroy()
    await closed
  })
  const address = server.server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}

/** A real mail server on a free port of this machine, gone with the test. */
export const startSmtp = async (t: Test, options: SmtpMode | SmtpOptions = 'accept'): Promise<SmtpServer> => {
  const settings: SmtpOptions = typeof options === 'string' || 'at' in options ? { mode: options } : options
  const gate = createSmtpGate(settings.mode ?? 'accept')
  const connections = countConnections()
  const box = createMailbox()
  let sent = 0

  type Done = (error?: Error) => void
  const drop = (session: SMTPServerSession): void => {
    for (const connection of server.connections) {
      if (connection.session === session) connection._socket.destroy()
    }
  }
  const pass = (stage: SmtpStage, session: SMTPServerSession, done: Done, address = ''): void =>
    gate.pass(stage, address, () => drop(session), done)

  const server = new SMTPServer({
    ...settingsOf(settings),
    onConnect: (session, callback) => {
      connections.opened()
      if (!gate.is('mute')) pass('greeting', session, callback)
    },
    onClose: (session) => {
      connections.closed()
      box.forget(session)
    },
    onMailFrom: ({ address }, session, callback) => pass('mail', session, callback, address),
    onRcptTo: ({ address }, session, callback) => pass('rcpt', session, callback, address),
    onData: async (stream, session, callback) => {
      // Undefined: the client died on the way, and nobody waits for an answer.
      const mail = await readMail(stream, session).catch(() => undefined)
      if (!mail) return
      sent += 1
      const answer = () => callback(null, 'taken')
      pass('data', session, (error) => {
        if (error) callback(error)
        else if (gate.is('stall')) box.hold(mail, session, answer)
        else box.take(mail, gate.is('lose') ? () => drop(session) : answer)
      })
    },
  })
  const port = await listen(t, server)

  return {
    url: urlOf(port, settings),
    mails: box.mails,
    refused: gate.refused,
    stalled: box.stalled,
    sent: () => sent,
    connections: connections.now,
    setMode: gate.set,
    release: box.release,
  }
}
