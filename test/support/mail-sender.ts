import type { Test as TapTest } from 'tap'
import { createMailService } from '../../src/mail/mail.service.js'
import { createMailTransport } from '../../src/mail/mail.transport.js'
import { unique } from './factories.js'
import { type SmtpOptions, startSmtp } from './smtp.js'
import type { SmtpMode } from './smtp-modes.js'

export const ADDRESS = 'ada.lovelace@example.com'
/** What a job has for a try. */
export const TRY_MS = 20_000

/** Sends through the server as a job does. */
export const openMail = (t: TapTest, url: string) => {
  const transport = createMailTransport(url, '')
  t.teardown(transport.close)
  const service = createMailService({
    transport,
    from: 'Unnest <no-reply@unnest.example>',
    appUrl: undefined,
  })
  const send = (
    name = 'Ada',
    { to = ADDRESS, signal = AbortSignal.timeout(TRY_MS), key = unique('mail') } = {},
  ) => service.sendPasswordChanged({ key, signal, to, name })
  return { send, close: transport.close }
}

export const startMail = async (t: TapTest, options: SmtpMode | SmtpOptions = 'accept') => {
  const smtp = await startSmtp(t, options)
  return { smtp, ...openMail(t, smtp.url) }
}

/** What became of a mail: how it failed, in words without an address, or nothing. */
export const endOf = async (t: TapTest, sending: Promise<void>): Promise<Error | undefined> => {
  const failure = await sending.then(
    () => undefined,
    (error: Error) => error,
  )
  t.notMatch(`${failure?.message} ${failure?.stack} ${String(failure?.cause)}`, '@', 'no address in it')
  return failure
}
