/** A mail's content; who gets it and under which key is the caller's to say. */
export interface MailContent {
  readonly subject: string
  readonly text: string
  readonly html: string
}

/** A paragraph, or the lines of a list. */
export type Block = string | readonly string[]

/** A control character or a line separator would begin a line of its own, or a header. */
const BREAKS = /[\p{Cc}\p{Zl}\p{Zp}]+/gu
/** These turn the direction of all that follows: a name could make our sentence read backwards. */
const TURNS = /[\u202a-\u202e\u2066-\u2069]/gu

/** Text of one line that does what it looks like. */
export const oneLine = (text: string): string => text.replace(TURNS, '').replace(BREAKS, ' ')

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

const escapeHtml = (text: string): string =>
  text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '')

/** The only place where text becomes HTML: no value has another way in. */
const element = (name: string, text: string): string => `<${name}>${escapeHtml(text)}</${name}>`

const toHtml = (block: Block): string =>
  typeof block === 'string'
    ? element('p', block)
    : `<ul>${block.map((item) => element('li', item)).join('')}</ul>`

const toText = (block: Block): string => (typeof block === 'string' ? block : block.join('\n'))

const page = (title: string, body: string): string =>
  `<!doctype html><html lang="en"><head><meta charset="utf-8">${element('title', title)}</head><body>${body}</body></html>`

/** Makes both parts of a mail out of the same words, so that they cannot say different things. */
export const letter = (subject: string, blocks: readonly Block[]): MailContent => {
  const title = oneLine(subject)
  const lines = blocks.map((block) => (typeof block === 'string' ? oneLine(block) : block.map(oneLine)))
  return {
    subject: title,
    text: `${lines.map(toText).join('\n\n')}\n`,
    html: page(title, lines.map(toHtml).join('')),
  }
}
