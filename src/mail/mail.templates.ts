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

export const welcomeMail = (name: string): MailContent => {
  const subject = 'Welcome to Unnest'
  return {
    subject,
    text: `Hello ${name},\n\nyour account is ready. You can log in now.\n`,
    html: page(subject, html`<p>Hello ${name},</p><p>your account is ready. You can log in now.</p>`),
  }
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
