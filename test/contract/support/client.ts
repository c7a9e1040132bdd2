import { setTimeout as wait } from 'node:timers/promises'

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** The parsed body, for tests to look into; undefined when there is none. */
  // biome-ignore lint/suspicious/noExplicitAny: a service may send anything, and the assertions are what checks it
  readonly body: any
}

export interface CallOptions {
  readonly token?: string
  /** A string is sent as it is, anything else as JSON. */
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

export type Call = (method: string, path: string, options?: CallOptions) => Promise<Answer>

/** No answer of a service that works takes so long. */
const ANSWER_LIMIT_MS = 15_000

/** The parsed JSON of an answer; undefined when it is none. */
export const toBody = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const sendOnce = async (url: string, method: string, path: string, options: CallOptions): Promise<Answer> => {
  const { token, body, headers } = options
  const response = await fetch(`${url}${path}`, {
    method,
    signal: AbortSignal.timeout(ANSWER_LIMIT_MS),
    headers: {
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...headers,
    },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  })
  const text = await response.text()
  return { status: response.status, headers: response.headers, text, body: toBody(text) }
}

/**
 * A client that knows a base URL and nothing else. When the service asks for patience (429), it is given as much
 * as it asks for, once, up to the limit.
 * @throws Error when the service asks for more: the suite has nothing to say about a service that will not talk
 */
export const createClient =
  (url: string, patienceSeconds: number): Call =>
  async (method, path, options = {}) => {
    const answer = await sendOnce(url, method, path, options)
    if (answer.status !== 429) return answer
    const seconds = Number(answer.headers.get('retry-after'))
    if (!(seconds <= patienceSeconds)) {
      throw new Error(
        `${method} ${path} is over a rate limit for ${seconds} s: wait, raise --patience, or raise the service's RATE_LIMIT_*`,
      )
    }
    await wait(seconds * 1_000)
    return sendOnce(url, method, path, options)
  }
