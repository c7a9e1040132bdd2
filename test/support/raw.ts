import { connect } from 'node:net'
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
