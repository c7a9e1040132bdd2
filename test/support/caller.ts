import { Agent, type IncomingMessage, request } from 'node:http'
import { text as readText } from 'node:stream/consumers'
import type { Answer, Call } from './app.js'
import type { Test } from './environment.js'

/** A client with an address of its own: all of 127.0.0.0/8 is this machine. */
export interface Caller {
  readonly address: string
  readonly to: (url: string) => Call
}

const headersOf = ({ headersDistinct }: IncomingMessage): Headers =>
  new Headers(
    Object.entries(headersDistinct).flatMap(([name, values = []]) =>
      values.map((value): [string, string] => [name, value]),
    ),
  )

const toAnswer = async (response: IncomingMessage): Promise<Answer> => {
  const text = await readText(response)
  return {
    status: response.statusCode ?? 0,
    headers: headersOf(response),
    text,
    body: text === '' ? undefined : JSON.parse(text),
  }
}

const LOCAL = '127.0.0.1'
/** For who sends hundreds at once: a connection costs more than a request. */
const CONNECTIONS = 16

/**
 * Calls as `createCall` does, from that address, over connections that are kept until the test is over: with less
 * than half of the work, which is much for tests that send hundreds of requests.
 */
export const createCaller = (t: Test, address = LOCAL): Caller => {
  const agent = new Agent({ keepAlive: true, localAddress: address, maxSockets: CONNECTIONS })
  t.teardown(() => agent.destroy())
  const to = (url: string): Call => {
    return (method, path, { token, body, headers } = {}) =>
      new Promise((resolve, reject) => {
        const content = body === undefined || typeof body === 'string' ? body : JSON.stringify(body)
        const sent = request(`${url}${path}`, {
          method,
          agent,
          headers: {
            ...(content !== undefined && { 'content-type': 'application/json' }),
            ...(token !== undefined && { authorization: `Bearer ${token}` }),
            ...headers,
          },
        })
        sent.on('error', reject)
        sent.on('response', (response) => toAnswer(response).then(resolve, reject))
        sent.end(content)
      })
  }
  return { address, to }
}

/** So many of them, on the addresses 127.0.`net`.1 and on. */
export const createCallers = (t: Test, net: number, count: number): Caller[] =>
  Array.from({ length: count }, (_, i) => createCaller(t, `127.0.${net}.${i + 1}`))
