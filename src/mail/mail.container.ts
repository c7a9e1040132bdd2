import type { AwilixContainer } from 'awilix'
import { provide } from '../shared/provide.js'
import type { Tracer } from '../shared/telemetry/tracer.js'
import { createMailService } from './mail.service.js'
import { createMailTransport, type MailTransport, traceMails } from './mail.transport.js'

export interface MailSettings {
  /** Each mail becomes a file in `directory` if absent. */
  readonly smtpUrl: string | undefined
  readonly directory: string
  /** The sender, e.g. `Unnest <no-reply@unnest.example>`. */
  readonly from: string
  /** Where people click: the address of the front end, if there is one. */
  readonly appUrl: string | undefined
}

export interface MailNeeds {
  readonly mailSettings: MailSettings
  readonly tracer: Tracer | undefined
}

interface MailServiceNeeds extends MailNeeds {
  readonly mailTransport: MailTransport
}

/** Provides `mailTransport`, which whoever made the container closes, and `mailService`. */
export const registerMail = <C extends MailNeeds>(container: AwilixContainer<C>) => {
  const withTransport = provide(container, {
    mailTransport: ({ mailSettings, tracer }: MailNeeds) =>
      traceMails(createMailTransport(mailSettings.smtpUrl, mailSettings.directory), tracer),
  })
  return provide(withTransport, {
    mailService: ({ mailSettings, mailTransport }: MailServiceNeeds) =>
      createMailService({
        transport: mailTransport,
        from: mailSettings.from,
        appUrl: mailSettings.appUrl,
      }),
  })
}
