import { createHash } from 'node:crypto'

/** Good in a file's name, and in a Message-ID whatever stands beside it (an atom of RFC 5322, section 3.2.3). */
const HARMLESS = /^[\w-]{1,120}$/

/** The key itself where it can be read, else its hash: the same name for the same key, in every try. */
export const nameOf = (key: string): string =>
  HARMLESS.test(key) ? key : createHash('sha256').update(key).digest('hex')

/** RFC 5322, section 3.6.4: who gets the same mail twice can tell by this that it is one. */
export const messageIdOf = (key: string, domain: string): string => `<${nameOf(key)}@${domain}>`
