import { z } from 'zod'
import { PermanentFailure } from '../shared/queue/outcomes.js'

/** The parts of the mail library's error that are read. Its message and `response` repeat addresses. */
const libraryError = z.object({
  message: z.string(),
  code: z.string().optional(),
  originalCode: z.string().optional(),
  command: z.string().optional(),
  response: z.string().optional(),
  responseCode: z.number().optional(),
})

type LibraryError = z.infer<typeof libraryError>

/** "No such mailbox", "not here", "name not allowed", "no mail to this domain" (RFC 5321, RFC 7504), "bad address". */
const NO_SUCH_RECIPIENT: ReadonlySet<number> = new Set([501, 550, 551, 553, 556])

/** The three numbers of RFC 3463 behind the reply's code, if the server gives them: class, subject, detail. */
const enhancedCode = ({ response = '' }: LibraryError): string | undefined =>
  /^\d{3}[ -]([245]\.\d{1,3}\.\d{1,3})\b/.exec(response)?.[1]

/**
 * Whether the server has spoken about this mail or its recipient, once and for all. What it says about us (log-in,
 * sender, relaying, policy: 5.7.x) is a fault of the configuration, and every mail meets it: they wait for the operator.
 */
const isFinal = (error: LibraryError): boolean => {
  const { code, command, responseCode = 0 } = error
  if (responseCode < 500) return code === 'EENVELOPE' && command === 'API'
  if (code === 'EMESSAGE') return true
  if (command !== 'RCPT TO') return false
  const enhanced = enhancedCode(error)
  return enhanced === undefined ? NO_SUCH_RECIPIENT.has(responseCode) : /^5\.[12]\./.test(enhanced)
}

/** Without a reply the library's own words are about sockets and certificates; one with an address is cut. */
const wordsOf = ({ message, response }: LibraryError): string =>
  response === undefined && !message.includes('@') ? `: ${message.slice(0, 200)}` : ''

const describe = (error: LibraryError): string => {
  const { code = 'unknown', originalCode, command, responseCode } = error
  const place = command !== undefined && /^[A-Z][A-Z0-9 -]{0,30}$/.test(command) ? ` at ${command}` : ''
  if (responseCode === undefined) {
    return `the mail server could not be used (${originalCode ?? code})${place}${wordsOf(error)}`
  }
  return `the mail server refused with ${[responseCode, enhancedCode(error)].filter(Boolean).join(' ')}${place}`
}

/**
 * What the job is to know of a mail that was not sent: a PermanentFailure when no further try can help, else an error
 * that is worth a retry. Both are made of codes: they end in logs and dead letters, where no address belongs.
 */
export const failureOf = (thrown: unknown): Error => {
  const { success, data } = libraryError.safeParse(thrown)
  if (!success) return new Error('the mail could not be sent')
  return isFinal(data) ? new PermanentFailure(describe(data)) : new Error(describe(data))
}
