import type { IncomingMessage } from 'node:http'

/** What another server answered. Whatever it says is data from a stranger. */
export interface Answer {
  /** Any status: a 3xx is an answer like others, and is never followed. */
  readonly status: number
  /** Lower-case names; repeated ones joined as HTTP does. */
  readonly headers: Readonly<Record<string, string>>
  /** At most `maxResponseBytes` of it, as it came (a compressed body stays so), in text that Postgres takes. */
  readonly body: string
  /** Whether there was more. */
  readonly truncated: boolean
}

/** Bytes that are no UTF-8 become U+FFFD, and so does NUL, which Postgres's `text` cannot hold. */
const toText = (bytes: Buffer, isCut: boolean): string => {
  // With `stream`, half a character at the end is held back: we cut it, the sender did not.
  const text = new TextDecoder('utf-8').decode(bytes, { stream: isCut })
  return text.replaceAll('\0', '\u{FFFD}')
}

const plainHeaders = ({ headers }: IncomingMessage): Record<string, string> =>
  Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join(', ') : String(value),
    ]),
  )

/** Reads the answer's beginning, and ends the connection where there is more. @throws what the connection throws */
export const readAnswer = async (response: IncomingMessage, maxBytes: number): Promise<Answer> => {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    chunks.push(chunk)
    size += chunk.length
    // Leaving the loop destroys the response, and its connection with it.
    if (size > maxBytes) break
  }
  const truncated = size > maxBytes
  return {
    status: Number(response.statusCode),
    headers: plainHeaders(response),
    body: toText(Buffer.concat(chunks).subarray(0, maxBytes), truncated),
    truncated,
  }
}
