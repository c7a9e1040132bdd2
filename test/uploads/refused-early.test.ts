import { once } from 'node:events'
import { Agent, type IncomingMessage, request } from 'node:http'
import t from 'tap'
import { createWorld, startPod } from '../support/app.js'
import { registerUser } from '../support/factories.js'

const LATE_BYTES = 4 * 1_024 * 1_024
const ANSWER_MS = 10_000

t.test('a refused upload that is still being sent does not block its connection', async (t) => {
  const world = await createWorld(t)
  const { call, url } = await startPod(t, world)
  const { token } = await registerUser(call)
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  t.teardown(() => agent.destroy())
  const signal = AbortSignal.timeout(ANSWER_MS)
  const headers = {
    authorization: `Bearer ${token}`,
    'content-type': 'multipart/form-data; boundary=x',
  }
  const begin = '--x\r\ncontent-disposition: form-data; name="file"; filename="a.png"\r\n\r\nGIF89a'
  const head = Buffer.concat([Buffer.from(begin), Buffer.alloc(100_000)])
  const length = { 'content-length': head.length + LATE_BYTES }

  const upload = request(`${url}/v1/uploads`, {
    agent,
    method: 'POST',
    signal,
    headers: { ...headers, ...length },
  })
  upload.write(head)
  const [refused]: IncomingMessage[] = await once(upload, 'response', { signal })
  t.equal(refused?.statusCode, 400, 'before it is sent whole')
  refused?.resume()
  upload.end(Buffer.alloc(LATE_BYTES))
  await once(upload, 'close', { signal })

  const next = request(`${url}/v1/users/me`, { agent, signal, headers })
  next.end()
  const [answer]: IncomingMessage[] = await once(next, 'response', { signal })
  answer?.resume()
  t.equal(answer?.statusCode, 200)
  t.ok(next.reusedSocket, 'on the same connection')
})
