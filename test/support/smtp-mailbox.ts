import type { SMTPServerSession } from 'smtp-server'

export interface ReceivedMail {
  readonly recipients: readonly string[]
  readonly message: string
  readonly messageId: string
  /** Whether it came over TLS, and who had logged in. */
  readonly secure: boolean
  readonly user: unknown
}

/** Reads a mail whole; ours are small. */
export const readMail = async (
  stream: AsyncIterable<Buffer>,
  { envelope, secure, user }: SMTPServerSession,
): Promise<ReceivedMail> => {
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(chunk)
  const message = Buffer.concat(chunks).toString('utf8').replaceAll('\r\n', '\n')
  const recipients = envelope.rcptTo.map(({ address }) => address)
  return { recipients, message, messageId: /^Message-ID:\s+<(.+)>$/im.exec(message)?.[1] ?? '', secure, user }
}

/** The mails of a server: those it took, and those it has not answered. */
export const createMailbox = () => {
  const mails: ReceivedMail[] = []
  const held = new Map<() => void, string>()
  return {
    mails,
    stalled: () => held.size,
    take: (mail: ReceivedMail, answer: () => void): void => {
      mails.push(mail)
      answer()
    },
    hold: (mail: ReceivedMail, { id }: SMTPServerSession, answer: () => void): void => {
      const accept = () => {
        held.delete(accept)
        mails.push(mail)
        answer()
      }
      held.set(accept, id)
    },
    release: () => {
      for (const accept of [...held.keys()]) accept()
    },
    /** Of a session that has ended nothing can be accepted any more. */
    forget: ({ id }: SMTPServerSession): void => {
      for (const [accept, session] of held) if (session === id) held.delete(accept)
    },
  }
}

export const countConnections = () => {
  const count = { ever: 0, open: 0, most: 0 }
  return {
    now: () => ({ ...count }),
    opened: () => {
      count.ever += 1
      count.open += 1
      count.most = Math.max(count.most, count.open)
    },
    closed: () => {
      count.open -= 1
    },
  }
}
