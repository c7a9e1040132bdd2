import { mkdir, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createTransport, type SendMailOptions } from 'nodemailer'
import { readSmtpUrl, type SmtpServer } from '../shared/smtp-url.js'
import { inSpan, type Tracer } from '../shared/telemetry/tracer.js'
import { failureOf } from './mail.failures.js'
import { nameOf } from './mail.names.js'

/** Sends one mail. The key is the same in every try: it keeps a repeated mail one mail. */
export interface MailTransport {
  /**
   * Nothing goes on once the signal is aborted: a try that was given up must not run beside the next one.
   * @throws PermanentFailure when the server will never take it; any other error is worth a retry. No address is in either.
   */
  readonly send: (key: string, mail: SendMailOptions, signal: AbortSignal) => Promise<void>
  readonly close: () => Promise<void>
}

/** For the name's look-up, the connection and the greeting together. */
const CONNECTION_TIMEOUT_MS = 5_000
/** For each answer. */
const SOCKET_TIMEOUT_MS = 10_000
/** For all of it, a free connection included; below the 20 s of a job's try, so that its reason is ours to tell. */
const SEND_TIMEOUT_MS = 15_000
const MAX_CONNECTIONS = 5
const MAILS_PER_CONNECTION = 100
/** Below the five minutes that servers wait (RFC 5321, section 4.5.3.2.7): we leave before we are sent away. */
const IDLE_MS = 60_000
/** A kept connection that the server has left shows that only when it is used; not a byte of the mail was sent then. */
const FRESH_CONNECTIONS = 2

const poolOptions = ({ host, port, tls, login }: SmtpServer) => ({
  pool: true as const,
  host,
  port,
  secure: tls === 'implicit',
  requireTLS: tls === 'starttls',
  ignoreTLS: tls === 'none',
  // Said although it is the default: an environment variable of Node's could take it back.
  tls: { rejectUnauthorized: true, minVersion: 'TLSv1.2' as const },
  ...(login && { auth: { user: login.user, pass: login.password }, forceAuth: true }),
  connectionTimeout: CONNECTION_TIMEOUT_MS,
  greetingTimeout: CONNECTION_TIMEOUT_MS,
  dnsTimeout: CONNECTION_TIMEOUT_MS,
  socketTimeout: SOCKET_TIMEOUT_MS,
  // At once: a connection that is given up must not deliver what still stands in its buffers.
  socketCloseTimeout: 0,
  maxConnections: MAX_CONNECTIONS,
  maxMessages: MAILS_PER_CONNECTION,
  maxRequeues: FRESH_CONNECTIONS,
  idleTimeout: IDLE_MS,
  disableFileAccess: true,
  disableUrlAccess: true,
})

/** Why we stopped waiting, in our own words: the library's would be the same for both. */
const gaveUp = (signal: AbortSignal): Error =>
  new Error(
    signal.aborted ? 'the mail was given up with its try' : `no mail was sent within ${SEND_TIMEOUT_MS} ms`,
  )

/**
 * Sends over SMTP through a few kept connections. A mail whose acceptance got lost on the way back is sent again with
 * the same Message-ID: SMTP has no better promise than at least once (docs/mail.md).
 */
const createSmtpTransport = (server: SmtpServer): MailTransport => {
  const transport = createTransport(poolOptions(server))
  return {
    send: async (_key, mail, signal) => {
      const limit = AbortSignal.timeout(SEND_TIMEOUT_MS)
      const either = AbortSignal.any([signal, limit])
      try {
        await transport.sendMail({ ...mail, signal: either })
      } catch (error) {
        throw either.aborted ? gaveUp(signal) : failureOf(error)
      }
    },
    // The jobs are done or given up by then; one that hangs must not keep the process.
    close: async () => transport.close({ force: true }),
  }
}

/** Writes each mail as `<key>.eml`, whole or not at all; the same key again replaces it. */
const createFileTransport = (directory: string): MailTransport => {
  const transport = createTransport({ streamTransport: true, buffer: true, newline: 'unix' })
  return {
    send: async (key, mail, signal) => {
      const { message } = await transport.sendMail(mail)
      await mkdir(directory, { recursive: true })
      const path = join(directory, `${nameOf(key)}.eml`)
      // Always the same name: what a killed worker left is overwritten by the next try.
      const unfinished = join(directory, `.${nameOf(key)}.part`)
      await writeFile(unfinished, message as Buffer, { signal })
      signal.throwIfAborted()
      await rename(unfinished, path)
    },
    close: async () => transport.close(),
  }
}

/** For load tests: the mail is made and nobody gets it. */
const createDiscardingTransport = (): MailTransport => ({ send: async () => {}, close: async () => {} })

/** SMTP where a server is named, else a folder of .eml files. @throws Error when SMTP_URL has a fault */
export const createMailTransport = (smtpUrl: string | undefined, directory: string): MailTransport => {
  if (smtpUrl === undefined) return createFileTransport(directory)
  const server = readSmtpUrl(smtpUrl)
  return server ? createSmtpTransport(server) : createDiscardingTransport()
}

/** A view of the transport whose mails are spans; nothing of a mail is told in them. */
export const traceMails = (transport: MailTransport, tracer: Tracer | undefined): MailTransport => ({
  ...transport,
  send: (...mail) => inSpan(tracer, { name: 'send mail', kind: 'client' }, () => transport.send(...mail)),
})
