import { readMailbox } from '../shared/mailbox.js'
import type { MailContent } from './mail.letter.js'
import { messageIdOf } from './mail.names.js'
import {
  emailVerificationMail,
  type MailedToken,
  type OrderNews,
  orderConfirmationMail,
  orderUpdateMail,
  passwordChangedMail,
  passwordResetMail,
  welcomeMail,
} from './mail.templates.js'
import type { MailTransport } from './mail.transport.js'

/** Who gets a mail, the key that keeps a repeated delivery one mail, and what ends the try. */
export interface Addressee {
  readonly key: string
  readonly signal: AbortSignal
  readonly to: string
  readonly name: string
}

/** The facts of an order that its confirmation names. */
export interface ConfirmedOrder {
  readonly id: string
  readonly items: readonly {
    readonly name: string
    readonly quantity: number
    readonly unitPrice: Price
  }[]
  readonly total: Price
}

interface Price {
  readonly amount: number
  readonly currency: string
}

export interface MailService {
  /** The token proves the address. */
  readonly sendWelcome: (addressee: Addressee, token: string) => Promise<void>
  readonly sendEmailVerification: (addressee: Addressee, token: string) => Promise<void>
  readonly sendPasswordReset: (addressee: Addressee, token: string) => Promise<void>
  readonly sendPasswordChanged: (addressee: Addressee) => Promise<void>
  readonly sendOrderConfirmation: (addressee: Addressee, order: ConfirmedOrder) => Promise<void>
  readonly sendOrderUpdate: (addressee: Addressee, orderId: string, news: OrderNews) => Promise<void>
}

export interface MailServiceNeeds {
  readonly transport: MailTransport
  /** The sender, e.g. `Unnest <no-reply@unnest.example>`. */
  readonly from: string
  /** The front end's address; mails name the bare token if absent. */
  readonly appUrl: string | undefined
}

/** 1999 EUR -> "€19.99": the currency knows how many minor units it has. */
const formatPrice = ({ amount, currency }: Price): string => {
  const format = new Intl.NumberFormat('en', { style: 'currency', currency })
  const digits = format.resolvedOptions().maximumFractionDigits ?? 2
  return format.format(amount / 10 ** digits)
}

/** RFC 3834: nobody's holiday note is to answer it. */
const HEADERS = { 'Auto-Submitted': 'auto-generated' }

/**
 * Writes the mails and sends them. @throws Error when `from` is not one mailbox; the verbs throw what the transport
 * throws
 */
export const createMailService = ({ transport, from, appUrl }: MailServiceNeeds): MailService => {
  const sender = readMailbox(from)
  if (!sender) throw new Error('MAIL_FROM must be one mailbox')
  const { name, address, domain } = sender

  const send = ({ key, to, signal }: Addressee, { subject, text, html }: MailContent): Promise<void> => {
    const message = { subject, text, html, headers: HEADERS, messageId: messageIdOf(key, domain) }
    // Objects, not texts: a name or an address cannot smuggle in a second recipient.
    const parties = { from: { name, address }, to: { name: '', address: to } }
    return transport.send(key, { ...message, ...parties }, signal)
  }

  /** Behind a #, where no server's log and no Referer header shows it. */
  const linked = (page: string, token: string): MailedToken => ({
    token,
    link: appUrl === undefined ? undefined : `${appUrl.replace(/\/$/, '')}/${page}#token=${token}`,
  })

  return {
    sendWelcome: (addressee, token) =>
      send(addressee, welcomeMail(addressee.name, linked('verify-email', token))),
    sendEmailVerification: (addressee, token) =>
      send(addressee, emailVerificationMail(addressee.name, linked('verify-email', token))),
    sendPasswordReset: (addressee, token) =>
      send(addressee, passwordResetMail(addressee.name, linked('reset-password', token))),
    sendPasswordChanged: (addressee) => send(addressee, passwordChangedMail(addressee.name)),

    sendOrderUpdate: (addressee, orderId, news) =>
      send(addressee, orderUpdateMail(addressee.name, orderId, news)),

    sendOrderConfirmation: (addressee, { id, items, total }) =>
      send(
        addressee,
        orderConfirmationMail({
          name: addressee.name,
          orderId: id,
          items: items.map(({ name, quantity, unitPrice }) => ({
            name,
            quantity,
            price: formatPrice(unitPrice),
          })),
          total: formatPrice(total),
        }),
      ),
  }
}
