/** A mail's content; who gets it and under which key is the caller's to say. */
export interface MailContent {
  readonly subject: string
  readonly text: string
  readonly html: string
}

export interface OrderConfirmationFacts {
  readonly name: string
  readonly orderId: string
  readonly items: readonly { readonly name: string; readonly quantity: number; readonly price: string }[]
  readonly total: string
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

const escapeHtml = (text: string): string =>
  text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '')

/** Builds HTML in which every interpolated value is text, never markup. */
const html = (strings: TemplateStringsArray, ...values: readonly string[]): string =>
  String.raw({ raw: strings }, ...values.map(escapeHtml))

const page = (title: string, body: string): string =>
  `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${escapeHtml(title)}</title></head><body>${body}</body></html>`

/** Paragraphs of plain text, as both parts of a mail. */
const letter = (subject: string, paragraphs: readonly string[]): MailContent => ({
  subject,
  text: `${paragraphs.join('\n\n')}\n`,
  html: page(subject, paragraphs.map((paragraph) => html`<p>${paragraph}</p>`).join('')),
})

/** A token that a mail carries, and where to click if there is such a place. */
export interface MailedToken {
  readonly token: string
  readonly link: string | undefined
}

const useOf = ({ token, link }: MailedToken): string => link ?? token

const hello = (name: string): string => `Hello ${name},`

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

export const orderConfirmationMail = ({
  name,
  orderId,
  items,
  total,
}: OrderConfirmationFacts): MailContent => {
  const subject = `Your order ${orderId}`
  const lines = items.map((item) => `${item.quantity} x ${item.name}, ${item.price} each`)
  const rows = items.map(
    (item) => html`<li>${String(item.quantity)} &times; ${item.name}, ${item.price} each</li>`,
  )
  const greeting = html`<p>Hello ${name},</p><p>thank you for your order ${orderId}:</p>`
  return {
    subject,
    text: `Hello ${name},\n\nthank you for your order ${orderId}:\n\n${lines.join('\n')}\n\nTotal: ${total}\n`,
    html: page(subject, `${greeting}<ul>${rows.join('')}</ul>${html`<p>Total: ${total}</p>`}`),
  }
}
