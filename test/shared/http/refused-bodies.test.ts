import { connect } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import t from 'tap'
import { createWorld, startPod } from '../../support/app.js'
import { registerUser } from '../../support/factories.js'
import { formOf, pngOf, upload } from '../../support/uploads.js'

const MIB = 1_024 * 1_024
const SENT_BYTES = 128 * MIB
/** What is thrown away, and what the buffers of both ends hold. */
const TAKEN_BYTES = 48 * MIB
const CHUNK = Buffer.alloc(256 * 1_024)
const LIMIT_MS = 20_000

const CHUNKED = 'transfer-encoding: chunked'
const frame = Buffer.concat([Buffer.from(`${CHUNK.length.toString(16)}\r\n`), CHUNK, Buffer.from('\r\n')])

/** Sends whatever the server says, as a client does that wants to be heard. */
const sendOn = async (url: string, lines: readonly string[]) => {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  let answer = ''
  // A connection that is closed while we send ends with an error.
  socket.on('error', () => {})
  socket.setEncoding('utf8').on('data', (text: string) => {
    answer += text
  })
  const when = (event: string) => new Promise<void>((resolve) => socket.once(event, () => resolve()))
  const closed = when('close')
  socket.write(`${[...lines, 'host: x', '', ''].join('\r\n')}`)
  const chunk = lines.includes(CHUNKED) ? frame : CHUNK
  const limit = AbortSignal.timeout(LIMIT_MS)
  let sent = 0
  while (sent < SENT_BYTES && !socket.destroyed) {
    limit.throwIfAborted()
    const isThrough = socket.write(chunk)
    sent += CHUNK.length
    if (!isThrough) await Promise.race([when('drain'), closed])
  }
  const isClosed = await Promise.race([closed.then(() => true), wait(1_000, false)])
  socket.destroy()
  return { status: Number(answer.split(' ')[1]), sent, isClosed }
}

t.test('of a body that is refused the rest is thrown away up to a limit, and no further', async (t) => {
  const world = await createWorld(t, { RATE_LIMIT_UPLOADS: '1' })
  const { call, url } = await startPod(t, world)
  const ada = await registerUser(call)
  t.equal((await upload(call, ada, formOf(await pngOf(8, 8)))).status, 202)
  const token = `authorization: Bearer ${ada.token}`
  const form = 'content-type: multipart/form-data; boundary=x'
  const cases: [string, string[], number][] = [
    ['more uploads than are allowed', ['POST /v1/uploads HTTP/1.1', token, form], 429],
    ['an upload of nobody', ['POST /v1/uploads HTTP/1.1', form], 401],
    ['a form where none is taken', ['POST /v1/orders HTTP/1.1', token, form], 415],
    ['an address that is not there', ['POST /v1/nothing HTTP/1.1', form], 404],
    ['a method that is not there', ['PUT /v1/uploads HTTP/1.1', form], 405],
  ]
  for (const [what, lines, expected] of cases) {
    for (const length of [`content-length: ${SENT_BYTES}`, CHUNKED]) {
      const { status, sent, isClosed } = await sendOn(url, [...lines, length])
      t.match({ status, isClosed }, { status: expected, isClosed: true }, `${what}, ${length}`)
      t.ok(sent < TAKEN_BYTES, `${what}, ${length}: ${sent / MIB} MiB were taken`)
    }
  }
  t.equal((await call('GET', '/livez')).status, 200, 'the pod lives on')
})
