import t from 'tap'
import { createWorld, startPod, startWorkerPod } from '../support/app.js'
import { type Account, registerUser } from '../support/factories.js'
import { outboxRows, untilOutboxClosed } from '../support/outbox.js'
import { isProblem } from '../support/problem.js'
import { until } from '../support/until.js'
import {
  formOf,
  pngOf,
  storedFiles,
  untilProcessed,
  upload,
  uploadAndWait,
  VARIANT_FILES,
} from '../support/uploads.js'

t.test('an image is taken, processed and given back in four variants', async (t) => {
  const world = await createWorld(t)
  const { call, url } = await startPod(t, world)
  const ada = await registerUser(call)
  const image = await pngOf(2_000, 10)
  const taken = await upload(call, ada, formOf(image, { name: '../../x.txt', type: 'text/plain' }))
  t.equal(taken.status, 202)
  const { id } = taken.body.data
  t.equal(taken.headers.get('location'), `/v1/uploads/${id}`)
  t.match(taken.body.data, {
    status: 'processing',
    contentType: 'image/png',
    bytes: image.length,
    failure: null,
    variants: null,
  })
  t.strictSame(await storedFiles(world), ['raw'])
  const early = await call('GET', `/v1/uploads/${id}/content`, { token: ada.token })
  isProblem(t, early, { status: 409, code: 'upload_not_ready' }, 'too early')

  await startWorkerPod(t, world)
  const ready = await untilProcessed(call, ada, id)
  t.equal(ready.status, 'ready')
  await untilOutboxClosed(world)
  t.strictSame(await storedFiles(world), VARIANT_FILES, 'what was sent is gone')
  for (const [variant, { url: path, ...facts }] of Object.entries<Record<string, unknown>>(ready.variants)) {
    const answer = await fetch(`${url}${path}`, { headers: { authorization: `Bearer ${ada.token}` } })
    const content = Buffer.from(await answer.arrayBuffer())
    t.equal(answer.status, 200, variant)
    t.match(facts, { bytes: content.length, contentType: answer.headers.get('content-type') }, variant)
    t.equal(answer.headers.get('x-content-type-options'), 'nosniff')
    t.match(
      answer.headers.get('content-disposition'),
      new RegExp(`^inline; filename="${id}-${variant}\\.\\w+"$`),
    )
    t.match(answer.headers.get('cache-control'), /^private, max-age=31536000, immutable$/)
    if (variant !== 'original') t.equal(facts['contentType'], 'image/webp')
    const etag = answer.headers.get('etag') ?? ''
    const again = await call('GET', `${path}`, { token: ada.token, headers: { 'if-none-match': etag } })
    t.match(again, { status: 304, text: '' }, `${variant} is known`)
  }
  t.ok(ready.variants.small.width < ready.variants.large.width)
})

t.test('what has not changed is not sent again', async (t) => {
  const { call } = await startPod(t, await createWorld(t))
  const ada = await registerUser(call)
  const { body } = await upload(call, ada, formOf(await pngOf()))
  const path = `/v1/uploads/${body.data.id}`
  const first = await call('GET', path, { token: ada.token })
  const headers = { 'if-none-match': first.headers.get('etag') ?? '' }
  t.equal((await call('GET', path, { token: ada.token, headers })).status, 304)
})

t.test('uploads are listed newest first, a page at a time, and only one’s own', async (t) => {
  const { call } = await startPod(t, await createWorld(t))
  const [ada, eve] = [await registerUser(call), await registerUser(call)]
  const ids: string[] = []
  for (let i = 0; i < 3; i += 1)
    ids.unshift((await upload(call, ada, formOf(await pngOf(8, 8)))).body.data.id)
  const page = await call('GET', '/v1/uploads?limit=2', { token: ada.token })
  const cursor = page.body.meta.nextCursor
  const rest = await call('GET', `/v1/uploads?limit=2&cursor=${cursor}`, { token: ada.token })
  const listed = [...page.body.data, ...rest.body.data].map(({ id }: { id: string }) => id)
  t.strictSame(listed, ids)
  t.strictSame((await call('GET', '/v1/uploads', { token: eve.token })).body.data, [])
  const foreign = await call('GET', `/v1/uploads?limit=2&cursor=${cursor}`, { token: eve.token })
  t.equal(foreign.status, 400, 'a cursor is its owner’s')
})

t.test('the same content of two users is stored once, and outlives the first of them', async (t) => {
  const world = await createWorld(t)
  const { call, url } = await startPod(t, world)
  await startWorkerPod(t, world)
  const [ada, bob] = [await registerUser(call), await registerUser(call)]
  const image = await pngOf()
  const mine = await uploadAndWait(call, ada, image)
  const other = await uploadAndWait(call, bob, image)
  t.not(mine.id, other.id)
  await untilOutboxClosed(world)
  t.strictSame(await storedFiles(world), VARIANT_FILES, 'once')

  t.equal((await call('DELETE', `/v1/uploads/${mine.id}`, { token: ada.token })).status, 204)
  const gone = await call('GET', `/v1/uploads/${mine.id}`, { token: ada.token })
  isProblem(t, gone, { status: 404, code: 'upload_not_found' }, 'deleted')
  await untilOutboxClosed(world)
  const headers = { authorization: `Bearer ${bob.token}` }
  const answer = await fetch(`${url}${other.variants.small.url}`, { headers })
  t.equal((await answer.arrayBuffer()).byteLength, other.variants.small.bytes, 'the other still has it')

  t.equal((await call('DELETE', `/v1/uploads/${other.id}`, { token: bob.token })).status, 204)
  await untilOutboxClosed(world)
  t.strictSame(await storedFiles(world), [], 'the last one takes the files along')
})

t.test('one content is sent and deleted by many at once: what was acknowledged is there', async (t) => {
  const world = await createWorld(t)
  const { call } = await startPod(t, world)
  await startWorkerPod(t, world)
  const users = await Promise.all(Array.from({ length: 4 }, () => registerUser(call)))
  const image = await pngOf()
  const once = async (owner: Account, isKept: boolean) => {
    const { status, body } = await upload(call, owner, formOf(image))
    t.equal(status, 202)
    const { id } = body.data
    if (isKept) return [{ owner, id }]
    t.equal((await call('DELETE', `/v1/uploads/${id}`, { token: owner.token })).status, 204)
    return []
  }
  const all = users.flatMap((owner) => Array.from({ length: 4 }, (_, i) => once(owner, i === 0)))
  const kept = (await Promise.all(all)).flat()
  for (const { owner, id } of kept) t.equal((await untilProcessed(call, owner, id)).status, 'ready')
  await untilOutboxClosed(world)
  t.strictSame(await storedFiles(world), VARIANT_FILES)
  for (const { owner, id } of kept)
    t.equal((await call('DELETE', `/v1/uploads/${id}`, { token: owner.token })).status, 204)
  await untilOutboxClosed(world)
  t.strictSame(await storedFiles(world), [])
})

t.test('who waits for its owner has no image in hand, and stores it anew when it is gone', async (t) => {
  const world = await createWorld(t)
  const { sql } = world.database
  const { call } = await startPod(t, world)
  const [ada, bob] = [await registerUser(call), await registerUser(call)]
  const image = await pngOf()
  const { id } = (await upload(call, bob, formOf(image))).body.data
  const remove = () => call('DELETE', `/v1/uploads/${id}`, { token: bob.token })
  const [row] = await sql`select id from stored_images`
  const uploading = await sql.begin(async (transaction) => {
    await transaction`select from users where id = ${ada.id} for update`
    const uploading = upload(call, ada, formOf(image))
    await until('the upload to wait', async () => {
      const waiting = await sql`select from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock'`
      return waiting.length === 1
    })
    t.equal((await remove()).status, 204, 'nobody waits behind it')
    return { answer: uploading }
  })
  t.equal((await uploading.answer).status, 202)
  const images = await sql`select id, in_use from stored_images`
  t.match([...images], [{ in_use: true }])
  t.not(images[0]?.['id'], row?.['id'])
  await startWorkerPod(t, world)
  await untilOutboxClosed(world)
  t.strictSame(await storedFiles(world), VARIANT_FILES)
})

t.test('what is no image fails with a reason, and nothing of it is kept', async (t) => {
  const world = await createWorld(t)
  const { call } = await startPod(t, world)
  await startWorkerPod(t, world)
  const ada = await registerUser(call)
  const image = await pngOf(300, 300)
  const failed = await uploadAndWait(call, ada, image.subarray(0, image.length / 2))
  t.match(failed, {
    status: 'failed',
    failure: { code: /^[a-z_]+$/, message: /^[A-Z].+\.$/ },
    variants: null,
  })
  const rows = await untilOutboxClosed(world)
  t.strictSame(await storedFiles(world), [])
  t.equal((await world.database.sql`select from stored_images`).length, 0)
  const event = rows.find(({ name }) => name === 'publish-upload-event')
  t.match(event?.payload, {
    uploadId: failed.id,
    userId: ada.id,
    status: 'failed',
    reason: failed.failure.code,
  })
})

t.test('a job that is delivered twice changes nothing, and a ready upload is told of once', async (t) => {
  const world = await createWorld(t)
  const { sql } = world.database
  const { call } = await startPod(t, world)
  await startWorkerPod(t, world)
  const ada = await registerUser(call)
  const ready = await uploadAndWait(call, ada, await pngOf())
  await untilOutboxClosed(world)
  await sql`insert into outbox (id, name, version, queue, key, payload)
    select gen_random_uuid(), name, version, queue, 'again', payload from outbox where name = 'process-upload'`
  await until('the second delivery', async () => {
    const [again] = await sql`select from outbox where key = 'again' and closed_at is not null`
    return again !== undefined
  })
  t.strictSame((await call('GET', `/v1/uploads/${ready.id}`, { token: ada.token })).body.data, ready)
  const events = (await outboxRows(world)).filter(({ name }) => name === 'publish-upload-event')
  t.equal(events.length, 1)
})
