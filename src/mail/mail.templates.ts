import { letter, type MailContent, oneLine } from './mail.letter.js'

/** What an order's confirmation says; prices as people read them. */
export interface OrderConfirmationFacts {
  readonly name: string
  readonly orderId: string
  readonly items: readonly { readonly name: string; readonly quantity: number; readonly price: string }[]
  readonly total: string
}

/** A token that a mail carries, and where to click if there is such a place. */
export interface MailedToken {
  readonly token: string
  readonly link: string | undefined
}

const useOf = ({ token, link }: MailedToken): string => link ?? token

/** What a mail program makes a link of. */
const LINK = /:\/\/|[\p{L}\p{N}][.\u3002\uff0e\uff61]\p{L}{2,}/u
/** Nobody sees what these part. */
const INVISIBLE = /\p{Cf}/gu

/**
 * Whoever registers chooses the name, and whoever has the address reads it, asked or not. A name with a link in it
 * would make our mail somebody else's letter, so we greet without it.
 */
const hello = (name: string): string =>
  LINK.test(oneLine(name).replace(INVISIBLE, '')) ? 'Hello,' : `Hello ${name},`

export const welcomeMail = (name: string, token: MailedToken): MailContent =>
  letter('Welcome to Unnest', [
    hello(name),
    'your account is ready. You can log in now.',
    `Within three days, please confirm with this that the address is yours: ${useOf(token)}`,
  ])

export const emailVerificationMail = (name: string, token: MailedToken): MailContent =>
  letter('Confirm your e-mail address', [
    hello(name),
    `within three days, please confirm with this that the address is yours: ${useOf(token)}`,
  ])

export const passwordResetMail = (name: string, token: MailedToken): MailContent =>
  letter('Reset your password', [
    hello(name),
    `with this you can set a new password, once and within an hour: ${useOf(token)}`,
    'If you did not ask for it, you need not do anything: your password stays as it is.',
  ])

export const passwordChangedMail = (name: string): MailContent =>
  letter('Your password was changed', [
    hello(name),
    'your password was changed, and other devices were logged out.',
    'If it was not you, reset your password now.',
  ])

/** What is new of an order: how the subject goes on, and the sentence. */
const ORDER_NEWS = {
  confirmed: ['is confirmed', 'is confirmed. We tell you when it is on its way.'],
  shipped: ['is on its way', 'is on its way to you.'],
  delivered: ['was delivered', 'was delivered. We hope that you like it.'],
  cancelled: ['was cancelled', 'was cancelled. Nothing will be sent.'],
  expired: ['has expired', 'was not confirmed in time and has expired. You are welcome to order again.'],
} as const satisfies Readonly<Record<string, readonly [string, string]>>

export type OrderNews = keyof typeof ORDER_NEWS

export const orderUpdateMail = (name: string, orderId: string, news: OrderNews): MailContent => {
  const [subject, sentence] = ORDER_NEWS[news]
  return letter(`Your order ${orderId} ${subject}`, [hello(name), `your order ${orderId} ${sentence}`])
}

export const orderConfirmationMail = (facts: OrderConfirmationFacts): MailContent => {
  const { name, orderId, items, total } = facts
  return letter(`Your order ${orderId}`, [
    hello(name),
    `thank you for your order ${orderId}:`,
    items.map((item) => `${item.quantity} x ${item.name}, ${item.price} each`),
    `Total: ${total}`,
  ])
}
