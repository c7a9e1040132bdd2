import { dictionary } from '@zxcvbn-ts/language-common'

const MIN_LENGTH = 12
const MAX_LENGTH = 128
/** Half a surrogate pair would be hashed as U+FFFD, and so equal every other one. */
const WELL_FORMED = /^\P{Cs}*$/u
/** `aaaaaaaaaaaa`, `abcabcabcabc`, `passwordpassword`: one part, again and again. */
const REPEATED = /^(.+?)\1+$/su
/** A part this short is guessed at once, however often it stands there. */
const SHORT_PART = 4

/** `password12345`, `!!letmein!!`: a word, and around it what is no letter. */
const AROUND_WORD = /^\P{L}+|\P{L}+$/gu

let common: ReadonlySet<string> | undefined

/** The most common passwords, from breaches, in lower case. Made when first asked for: workers judge no passwords. */
const commonPasswords = (): ReadonlySet<string> => {
  common ??= new Set(dictionary['passwords-common'])
  return common
}

const isCommon = (password: string): boolean => {
  const listed = commonPasswords()
  const text = password.normalize('NFKC').toLowerCase()
  const part = REPEATED.exec(text)?.[1]
  if (listed.has(text) || listed.has(text.replace(AROUND_WORD, ''))) return true
  return part !== undefined && (part.length <= SHORT_PART || listed.has(part))
}

/**
 * Why this cannot be somebody's new password; undefined when it can. After NIST SP 800-63B, 3.1.1.2: length
 * counted in characters (code points), any Unicode, none that everybody uses, and no rules of composition.
 */
export const faultOfPassword = (password: string): string | undefined => {
  if (!WELL_FORMED.test(password)) return 'must be valid Unicode'
  const { length } = [...password]
  if (length < MIN_LENGTH || length > MAX_LENGTH) return `must have ${MIN_LENGTH} to ${MAX_LENGTH} characters`
  return isCommon(password) ? 'is among the first that anybody would guess' : undefined
}
