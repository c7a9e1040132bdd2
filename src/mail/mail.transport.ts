import { mkdir, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createTransport, type SendMailOptions } from 'nodemailer'
import { DISCARD_MAIL } from '../shared/config.js'

/** Sends one mail. The key is the same in every try: it keeps a repeated mail one mail. */
export interface MailTransport {
  readonly send: (key: string, mail: SendMailOptions) => Promise<void>
  readonly close: () => Promise<void>
}

/** Together below the 20 s of a job's try: a try that is given up must not go on beside the next one. */
const CONNECTION_TIMEOUT_MS = 5_000
const GREETING_TIMEOUT_MS = 5_000
const SOCKET_TIMEOUT_MS = 8_000

/**
 * Sends over SMTP through a few kept connections. A mail whose acceptance got lost on the way back is sent
 * again with the same Message-ID: SMTP has no better promise than at least once.
 */
const createSmtpTransport = (url: string): MailTransport => {
  const transport = createTransport({
    url,
    pool: true,
    connectionTimeout: CONNECTION_TIMEOUT_MS,
    greetingTimeout: GREETING_TIMEOUT_MS,
    socketTimeout: SOCKET_TIMEOUT_MS,
  })
  return {
    send: async (_key, mail) => void (await transport.sendMail(mail)),
    close: async () => transport.close(),
  }
}

/** Writes each mail as `<key>.eml`, whole or not at all; the same key again replaces it. */
const createFileTransport = (directory: string): MailTransport => {
  const transport = createTransport({ streamTransport: true, buffer: true, newline: 'unix' })
  return {
    send: async (key, mail) => {
      const { message } = await transport.sendMail(mail)
      await mkdir(directory, { recursive: true })
      const path = join(directory, `${key}.eml`)
      // Always the same name: what a killed worker left is overwritten by the next try.
      const unfinished = join(directory, `.${key}.part`)
      await writeFile(unfinished, message as Buffer)
      await rename(unfinished, path)
    },
    close: async () => transport.close(),
  }
}

/** For load tests: the mail is made and nobody gets it. */
const createDiscardingTransport = (): MailTransport => ({ send: async () => {}, close: async () => {} })

/** SMTP where a server is named, else a folder of .eml files. */
export const createMailTransport = (smtpUrl: string | undefined, directory: string): MailTransport => {
  if (smtpUrl === DISCARD_MAIL) return createDiscardingTransport()
  return smtpUrl === undefined ? createFileTransport(directory) : createSmtpTransport(smtpUrl)
}
