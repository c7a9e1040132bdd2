import { Agent, request } from 'node:http'

const REQUEST_LIMIT_MS = 15_000

export interface Call {
  readonly method: 'GET' | 'POST' | 'PATCH'
  /** With the server's address. */
  readonly url: string
  readonly token?: string
  readonly body?: unknown
  readonly key?: string
}

export interface Answer {
  /** 0: there was none. */
  readonly status: number
  readonly text: string
  readonly retryAfter: boolean
}

const NO_ANSWER: Answer = { status: 0, text: '', retryAfter: false }

const headersOf = ({ token, body, key }: Call) => ({
  ...(token !== undefined && { authorization: `Bearer ${token}` }),
  ...(body !== undefined && { 'content-type': 'application/json' }),
  ...(key !== undefined && { 'idempotency-key': key }),
})

/** A client with kept connections that tells a request without an answer from one with a bad one. */
export const createClient = () => {
  const agent = new Agent({ keepAlive: true, maxSockets: 64 })
  const send = (call: Call): Promise<Answer> =>
    new Promise((resolve) => {
      const signal = AbortSignal.timeout(REQUEST_LIMIT_MS)
      const failed = () => resolve(NO_ANSWER)
      const options = { method: call.method, headers: headersOf(call), agent, signal }
      const sent = request(call.url, options, (answer) => {
        let text = ''
        answer.setEncoding('utf8').on('data', (chunk) => {
          text += chunk
        })
        const retryAfter = answer.headers['retry-after'] !== undefined
        answer.on('end', () => resolve({ status: answer.statusCode ?? 0, text, retryAfter }))
        answer.on('error', failed)
      })
      sent.on('error', failed)
      sent.end(call.body === undefined ? undefined : JSON.stringify(call.body))
    })
  return { send, close: () => agent.destroy() }
}

export type Client = ReturnType<typeof createClient>

/** For one piece of work. */
export const withClient = async <T>(work: (client: Client) => Promise<T>): Promise<T> => {
  const client = createClient()
  try {
    return await work(client)
  } finally {
    client.close()
  }
}
