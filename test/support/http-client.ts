import { Agent, type IncomingMessage, request } from 'node:http'

/** Longer than any time-out of ours that a test waits for. */
const ANSWER_LIMIT_MS = 120_000

/** Its idle connections keep no process. */
const common = new Agent({ keepAlive: true })

export interface Sent {
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | undefined
}

export interface Received {
  readonly status: number
  readonly headers: Headers
  readonly text: string
}

const headersOf = ({ rawHeaders }: IncomingMessage): Headers => {
  const headers = new Headers()
  for (let index = 0; index < rawHeaders.length; index += 2)
    headers.append(rawHeaders[index] ?? '', rawHeaders[index + 1] ?? '')
  return headers
}

/**
 * What `fetch` does, but for redirects, at half the processor time: the tests ask some twenty thousand times.
 * Rejects with the reason as its cause when there is no whole answer.
 */
export const send = (
  url: string,
  { method, headers, body }: Sent,
  agent: Agent = common,
): Promise<Received> =>
  new Promise((resolve, reject) => {
    const fail = (cause: unknown) => reject(new Error('no answer', { cause }))
    const length = body === undefined ? undefined : String(Buffer.byteLength(body))
    const sent = request(
      new URL(url),
      {
        ...{ agent, method, timeout: ANSWER_LIMIT_MS },
        headers: { ...(length !== undefined && { 'content-length': length }), ...headers },
      },
      (answer) => {
        let text = ''
        answer.setEncoding('utf8')
        answer.on('data', (chunk) => {
          text += chunk
        })
        answer.on('end', () => resolve({ status: answer.statusCode ?? 0, headers: headersOf(answer), text }))
        answer.on('error', fail)
      },
    )
    sent.on('timeout', () => sent.destroy(new Error(`nothing came for ${ANSWER_LIMIT_MS} ms`)))
    sent.on('error', fail)
    sent.end(body)
  })
