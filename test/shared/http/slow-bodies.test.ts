import { connect } from 'node:net'
import t, { type Test as TapTest } from 'tap'
import { createWorld, startPod } from '../../support/app.js'
import { until } from '../../support/until.js'

const SLOW =
  'POST /v1/auth/login HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100000\r\n\r\n'

/** A connection to which a test writes what it likes; closed at the end. */
const openSocket = (t: TapTest, url: string) => {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  t.teardown(() => socket.destroy())
  socket.on('error', () => {})
  let received = ''
  socket.setEncoding('utf8').on('data', (text: string) => {
    received += text
  })
  return { socket, received: () => received }
}

t.test('a body that drips is cut off when its time is over', async (t) => {
  const { url } = await startPod(t, await createWorld(t))
  const { socket, received } = openSocket(t, url)
  socket.write(SLOW)
  const drip = setInterval(() => socket.write(' '), 250)
  t.teardown(() => clearInterval(drip))
  await until('it to be cut off', () => socket.closed, 45_000)
  t.match(received(), /^HTTP\/1\.1 408 .*"code":"request_timeout"/s)
})
