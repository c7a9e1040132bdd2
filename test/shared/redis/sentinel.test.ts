import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { Redis } from 'ioredis'
import t from 'tap'
import { freePort } from '../../../dev/stack/ports.js'
import { blocking, connectRedis, failFast } from '../../../src/shared/cache/redis.js'
import { createClient } from '../../../src/shared/redis/client.js'
import { createLogger } from '../../../src/shared/telemetry/logger.js'
import { startProxy } from '../../support/proxy.js'
import { tooOldForForms } from '../../support/redis-nodes.js'
import { startSentinelRedis } from '../../support/redis-sentinel.js'
import { until } from '../../support/until.js'

const SWITCHED = '+switch-master'
const COMMAND_TIMEOUT_MS = 1_000
/** The first byte of whoever begins a TLS connection. */
const HANDSHAKE = 0x16
const logger = createLogger({ level: 'silent', process: 'test' })
const skip = await tooOldForForms()

t.test('who asks for the master while another takes its place finds that one', { skip }, async (t) => {
  const { url, sentinel, promote } = await startSentinelRedis(t)
  const proxy = await startProxy(t, new URL(url))
  const throughProxy = url.replace(/:\d+/, `:${proxy.port}`)
  const witness = new Redis({ host: '127.0.0.1', port: proxy.port, enableReadyCheck: false })
  t.teardown(() => witness.disconnect())
  await witness.subscribe(SWITCHED)
  const failing = await connectRedis(throughProxy, 'failing', logger, failFast(COMMAND_TIMEOUT_MS))
  t.teardown(failing.close)
  const patient = await connectRedis(throughProxy, 'patient', logger, blocking)
  t.teardown(patient.close)
  // As BullMQ makes one for its blocking reads.
  if (!(patient.redis instanceof Redis)) throw new Error('this is a Cluster')
  const copy = patient.redis.duplicate()
  copy.on('error', () => {})
  const clients = [failing.redis, patient.redis, copy]
  await until('all to hear of a new master', async () => {
    const list = String(await sentinel.call('CLIENT', 'LIST', 'TYPE', 'pubsub'))
    return list.trim().split('\n').length > clients.length
  })

  proxy.stallNew()
  await Promise.all([once(witness, 'message'), promote()])
  await proxy.mend()
  await until('all to be connected again', () => clients.every(({ status }) => status === 'ready'))
  for (const client of clients) t.equal(await client.set('master', 'new'), 'OK')
})

t.test('rediss asks the Sentinels by TLS, too', async (t) => {
  const server = createServer()
  t.teardown(() => server.close())
  const port = await freePort()
  await once(server.listen(port, '127.0.0.1'), 'listening')
  const client = createClient(`rediss+sentinel://127.0.0.1:${port}/main`, 'test', {})
  client.on('error', () => {})
  t.teardown(() => client.disconnect())
  const [socket]: Socket[] = await once(server, 'connection')
  const [bytes]: Buffer[] = await once(socket ?? server, 'data')
  socket?.destroy()
  t.equal(bytes?.[0], HANDSHAKE)
})
