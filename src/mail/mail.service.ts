import {
  emailVerificationMail,
  type MailContent,
  type MailedToken,
  type OrderNews,
  orderConfirmationMail,
  orderUpdateMail,
  passwordChangedMail,
  passwordResetMail,
  welcomeMail,
} from './mail.templates.js'
import type { MailTransport } from './mail.transport.js'

/** Who gets a mail, and the key that keeps a repeated delivery one mail. */
export interface Addressee {
  readonly key: string
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

const MESSAGE_ID_DOMAIN = 'unnest.example'

export const createMailService = ({ transport, from, appUrl }: MailServiceNeeds): MailService => {
  const send = ({ key, to }: Addressee, content: MailContent): Promise<void> =>
    transport.send(key, {
      ...content,
      from,
      // An object, not a text: a name or address cannot smuggle in a second recipient.
      to: { name: '', address: to },
      messageId: `<${key}@${MESSAGE_ID_DOMAIN}>`,
    })

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
