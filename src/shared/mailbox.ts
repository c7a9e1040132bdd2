import { z } from 'zod'

/** A name and an address, as `MAIL_FROM` says them: `Unnest <no-reply@unnest.example>`, or the address alone. */
export interface Mailbox {
  readonly name: string
  readonly address: string
  /** Of the address, in lower case. */
  readonly domain: string
}

const address = z.email().max(254)
/** No quotes, no second address, nothing that ends a header: what the header is made of stays one mailbox. */
const NAMED = /^(?:([^<>",;:@\p{Cc}]*)<([^<>]+)>|([^<>]+))$/u

/** @returns undefined when it is not one mailbox */
export const readMailbox = (text: string): Mailbox | undefined => {
  const [, name = '', inBrackets, alone] = NAMED.exec(text.trim()) ?? []
  const parsed = address.safeParse(inBrackets ?? alone)
  if (!parsed.success) return undefined
  const domain = parsed.data.slice(parsed.data.lastIndexOf('@') + 1).toLowerCase()
  return { name: name.trim(), address: parsed.data, domain }
}
