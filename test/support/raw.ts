import { connect } from 'node:net'
import { text as readAll } from 'node:stream/consumers'
import type { Answer } from './app.js'

const LIMIT_MS = 5_000

const parse = (text: string): Answer => {
  const [head = '', ...rest] = text.split('\r\n\r\n')
  const [statusLine = '', ...lines] = head.split('\r\n')
  const headers = new Headers(
    lines.map((line): [string, string] => {
      const colon = line.indexOf(':')
      return [line.slice(0, colon), line.slice(colon + 1).trim()]
    }),
  )
  const body = rest.join('\r\n\r\n')
  return {
    status: Number(statusLine.split(' ')[1]),
    headers,
    text: body,
    body: body.startsWith('{') ? JSON.parse(body) : undefined,
  }
}

/** Sends bytes that no HTTP client would, and reads what comes back until the server closes. */
export const sendRaw = (url: string, text: string): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const { hostname, port } = new URL(url)
    const socket = connect(Number(port), hostname, () => socket.write(text))
    let received = ''
    socket.setTimeout(LIMIT_MS, () => socket.destroy(new Error('the server did not close the connection')))
    socket.setEncoding('utf8')
    socket.on('data', (chunk) => {
      received += chunk
    })
    socket.on('error', reject)
    socket.on('close', () => resolve(parse(received)))
  })

/** One after the other on one connection, which costs a client next to nothing. */
const ON_ONE = 50

/** Asks for a path so many times, in fifties. @returns how many were answered with 200 */
export const askOften = async (url: string, path: string, times: number): Promise<number> => {
  const { hostname, port } = new URL(url)
  const one = `GET ${path} HTTP/1.1\r\nhost: a\r\n`
  const requests = `${`${one}\r\n`.repeat(ON_ONE - 1)}${one}connection: close\r\n\r\n`
  let answered = 0
  for (let asked = 0; asked < times; asked += ON_ONE) {
    const socket = connect(Number(port), hostname)
    socket.setTimeout(LIMIT_MS, () => socket.destroy(new Error('the server does not answer')))
    socket.write(requests)
    answered += [...(await readAll(socket)).matchAll(/HTTP\/1\.1 200 /g)].length
  }
  return answered
}
