import t from 'tap'
import { createWorld, startPod, startWorkerPod } from '../support/app.js'
import { registerUser } from '../support/factories.js'
import { startReceiver } from '../support/receiver.js'
import { until } from '../support/until.js'
import { formOf, pngLike, pngOf, untilProcessed, upload, uploadAndWait } from '../support/uploads.js'
import { makeWebhook, RECEIVERS_HERE, verify } from '../support/webhooks.js'

t.test('what becomes of an upload is told to its owner', async (t) => {
  const world = await createWorld(t, RECEIVERS_HERE)
  const { call } = await startPod(t, world)
  await startWorkerPod(t, world)
  const ada = await registerUser(call)
  const receiver = await startReceiver(t)
  const { secret } = await makeWebhook(call, ada, receiver.url, ['upload.ready', 'upload.failed'])

  const ready = await uploadAndWait(call, ada, await pngOf())
  await until('the first event', () => receiver.received.length === 1)
  const broken = await upload(call, ada, formOf(pngLike(1_000)))
  const failed = await untilProcessed(call, ada, broken.body.data.id)
  await until('the second event', () => receiver.received.length === 2)
  t.match(ready.status, 'ready')
  const events = receiver.received.map((received) => verify(secret, received))
  t.strictSame(events, [
    {
      type: 'upload.ready',
      timestamp: ready.updatedAt,
      data: { uploadId: ready.id, status: 'ready', reason: null },
    },
    {
      type: 'upload.failed',
      timestamp: failed.updatedAt,
      data: { uploadId: failed.id, status: 'failed', reason: failed.failure.code },
    },
  ])
})

t.test('many endpoints of one owner that take their time leave room for others', async (t) => {
  const world = await createWorld(t, RECEIVERS_HERE)
  const { call } = await startPod(t, world)
  await startWorkerPod(t, world)
  const [eve, ada] = [await registerUser(call, 'Eve'), await registerUser(call)]
  const slow = await startReceiver(t, () => {})
  const quick = await startReceiver(t)
  for (let n = 0; n < 12; n += 1) await makeWebhook(call, eve, `${slow.url}/${n}`, ['upload.ready'])
  await makeWebhook(call, ada, quick.url, ['upload.ready'])
  await uploadAndWait(call, eve, await pngOf())
  await until('eight to be on their way', () => slow.received.length === 8)
  await uploadAndWait(call, ada, await pngOf())
  await until('the other event', () => quick.received.length === 1)
  t.equal(slow.received.length, 8, 'no more than that')
})
