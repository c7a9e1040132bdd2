import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { mkdir, readdir, readlink, symlink, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { pathToFileURL } from 'node:url'
import t from 'tap'
import { createStorage } from '../../src/shared/storage/create-storage.js'
import type { Storage } from '../../src/shared/storage/storage.js'
import { storageUrl } from '../../src/shared/storage/storage-url.js'
import { createWorld, startPod, startWorkerPod } from '../support/app.js'
import { registerUser } from '../support/factories.js'
import { untilOutboxClosed } from '../support/outbox.js'
import { startPartner } from '../support/partner.js'
import { isProblem } from '../support/problem.js'
import { startS3 } from '../support/s3.js'
import { startSilentServer } from '../support/silent-server.js'
import { until } from '../support/until.js'
import { formOf, pngOf, upload, uploadAndWait } from '../support/uploads.js'

const folder = (): string => {
  const path = mkdtempSync(join(tmpdir(), 'unnest-storage-'))
  t.teardown(() => rmSync(path, { recursive: true, force: true }))
  return path
}

const open = (url: string): Storage => createStorage(storageUrl.parse(url))

const places = {
  'a folder': async () => pathToFileURL(folder()).href,
  'a bucket': async () => (await startS3(t)).url,
}

for (const [name, place] of Object.entries(places)) {
  t.test(`${name} keeps files, whole, until they are removed`, async (t) => {
    const storage = open(await place())
    t.teardown(storage.close)
    const [one, other] = [join(folder(), 'one'), join(folder(), 'other')]
    await writeFile(one, Buffer.alloc(3_000_000, 1))
    await writeFile(other, 'other')
    const put = (key: string, path: string) => storage.put(key, { path, contentType: 'image/png' })
    const read = async (key: string) => {
      const file = await storage.open(key)
      return file && [file.bytes, (await buffer(file.stream)).length]
    }
    t.strictSame(await storage.list(undefined, 10), [], 'empty at first')
    t.equal(await read('ab/one'), undefined)
    for (const key of ['ab/one', 'ab/two', 'cd/one']) await put(key, other)
    await put('ab/one', one)
    t.strictSame(await read('ab/one'), [3_000_000, 3_000_000], 'replaced')
    const keysOf = async (after: string | undefined, limit: number) =>
      (await storage.list(after, limit)).map(({ key }) => key)
    t.strictSame(await keysOf(undefined, 10), ['ab/one', 'ab/two', 'cd/one'])
    // s3rver itself fails where a list is longer than its page.
    if (name === 'a folder') t.strictSame(await keysOf(undefined, 2), ['ab/one', 'ab/two'])
    t.strictSame(await keysOf('ab/one', 2), ['ab/two', 'cd/one'])
    t.strictSame(await keysOf('cd/one', 2), [])
    const [entry] = await storage.list('ab/two', 1)
    t.ok(entry && Math.abs(entry.modifiedAt.getTime() - Date.now()) < 60_000)
    await storage.remove(['ab/one', 'ab/two', 'ef/none'])
    t.strictSame(await keysOf(undefined, 10), ['cd/one'])
    for (const key of ['../x', 'ab/../../x', '/etc/passwd', 'ab/.x', 'ab/a/b', ''])
      await t.rejects(async () => put(key, other), { message: 'this is not a key of a stored file' }, key)
  })
}

t.test('a bucket that does not answer keeps nobody waiting', async (t) => {
  const { port } = await startSilentServer(t)
  const storage = open(`s3+http://key:hunter2@127.0.0.1:${port}/files`)
  t.teardown(storage.close)
  const begun = performance.now()
  const failure = await storage.open('ab/one').then(
    () => undefined,
    (error: Error) => error,
  )
  t.ok(failure, String(failure))
  t.ok(performance.now() - begun < 5_000)
  t.notMatch(JSON.stringify(failure, Object.getOwnPropertyNames(failure)), /hunter2/)
})

const DESCRIPTORS = '/proc/self/fd'
const whereTheyAreTold = { skip: !existsSync(DESCRIPTORS) && 'there is no /proc here' }

t.test('a file that a bucket did not take is not kept open', whereTheyAreTold, async (t) => {
  const storage = open('s3+http://key:hunter2@127.0.0.1:1/files')
  t.teardown(storage.close)
  const path = join(folder(), 'one')
  await writeFile(path, Buffer.alloc(1_000_000))
  for (let time = 0; time < 3; time += 1)
    await t.rejects(storage.put('ab/one', { path, contentType: 'image/png' }), { code: 'ECONNREFUSED' })
  await until('it to be closed', async () => {
    const links = (await readdir(DESCRIPTORS)).map((fd) => readlink(join(DESCRIPTORS, fd)).catch(() => ''))
    return !(await Promise.all(links)).includes(path)
  })
})

t.test('a file that cannot be read fails its storing at once, and nothing else', async (t) => {
  const bucket = createServer((request, response) => request.resume().on('end', () => response.end()))
  const { port } = await startPartner(t, bucket)
  const storage = open(`s3+http://key:hunter2@127.0.0.1:${port}/files`)
  t.teardown(storage.close)
  const begun = performance.now()
  await t.rejects(storage.put('ab/one', { path: folder(), contentType: 'image/png' }), { code: 'EISDIR' })
  t.ok(performance.now() - begun < 5_000)
})

/** More than the 50 connections that the client of a bucket has of itself. */
const READERS = 60

t.test('readers of a bucket who take their time keep nobody else waiting', async (t) => {
  const bucket = createServer((_request, response) => {
    response.writeHead(200, { 'content-length': 10 }).write('a')
  })
  const { port } = await startPartner(t, bucket)
  const storage = open(`s3+http://key:hunter2@127.0.0.1:${port}/files`)
  t.teardown(storage.close)
  const files = await Promise.all(Array.from({ length: READERS }, () => storage.open('ab/one')))
  t.equal(files.filter((file) => file?.bytes === 10).length, READERS)
  for (const file of files) file?.stream.on('error', () => {}).destroy()
})

t.test('what is removed while a folder is listed is passed over, and nothing else', async (t) => {
  const root = folder()
  const storage = open(pathToFileURL(root).href)
  for (const key of ['ab/two', 'ab/three', 'cd/one']) {
    await mkdir(join(root, dirname(key)), { recursive: true })
    await writeFile(join(root, key), '')
  }
  // Read in its folder, and not there any more.
  await symlink(join(root, 'nowhere'), join(root, 'ab/one'))
  const keys = (await storage.list(undefined, 2)).map(({ key }) => key)
  t.strictSame(keys, ['ab/three', 'ab/two'])
})

t.test('uploads work with a bucket as with a folder, and say 503 while it is away', async (t) => {
  const s3 = await startS3(t)
  const world = await createWorld(t, { STORAGE_URL: s3.url })
  const { call, url } = await startPod(t, world)
  await startWorkerPod(t, world)
  const ada = await registerUser(call)
  const storage = open(s3.url)
  t.teardown(storage.close)
  const ready = await uploadAndWait(call, ada, await pngOf(200, 200))
  t.equal(ready.status, 'ready')
  const headers = { authorization: `Bearer ${ada.token}` }
  for (const { url: path, bytes } of Object.values<{ url: string; bytes: number }>(ready.variants))
    t.equal((await (await fetch(`${url}${path}`, { headers })).arrayBuffer()).byteLength, bytes, path)
  await untilOutboxClosed(world)
  t.equal((await storage.list(undefined, 10)).length, 4, 'what was sent is gone')
  t.equal((await call('DELETE', `/v1/uploads/${ready.id}`, { token: ada.token })).status, 204)
  await untilOutboxClosed(world)
  t.strictSame(await storage.list(undefined, 10), [])

  await s3.close()
  const refused = await upload(call, ada, formOf(await pngOf()))
  isProblem(t, refused, { status: 503, code: 'unavailable' }, 'while it is away')
  t.equal((await world.database.sql`select from uploads`).length, 0)
})
