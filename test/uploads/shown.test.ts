import t, { type Test as TapTest } from 'tap'
import { type Call, createWorld, startPod, startWorkerPod, type World } from '../support/app.js'
import { type Account, createProduct, registerAdmin, registerUser } from '../support/factories.js'
import { untilOutboxClosed } from '../support/outbox.js'
import { isProblem } from '../support/problem.js'
import {
  formOf,
  pngOf,
  storedFiles,
  untilProcessed,
  untilSwept,
  upload,
  uploadAndWait,
  VARIANT_FILES,
} from '../support/uploads.js'
import { createWorkerCradle } from '../support/worker-cradle.js'

interface Scene {
  readonly world: World
  readonly call: Call
  readonly url: string
  readonly ada: Account
  readonly bob: Account
  /** An upload of Ada's. */
  readonly id: string
}

const showsOnlyReadyOnes = async (t: TapTest, { call, ada, bob, id }: Scene): Promise<void> => {
  const show = (token: string, avatarUploadId: string) =>
    call('PATCH', '/v1/users/me', { token, body: { avatarUploadId, name: 'Changed' } })
  isProblem(t, await show(ada.token, id), { status: 409, code: 'upload_not_ready' }, 'not ready')
  isProblem(t, await show(bob.token, id), { status: 404, code: 'upload_not_found' }, 'somebody else’s')
  isProblem(t, await show(ada.token, ada.id), { status: 404, code: 'upload_not_found' }, 'none')
  t.equal((await show(ada.token, 'x')).status, 400)
  const { body } = await call('GET', '/v1/users/me', { token: ada.token })
  t.match(body.data, { name: 'Ada', avatarUrl: null }, 'nothing is changed')
}

const showsAvatars = async (t: TapTest, { call, url, ada, bob, id }: Scene): Promise<void> => {
  const profile = () => call('GET', `/v1/users/${ada.id}`, { token: bob.token })
  const setAvatar = (avatarUploadId: string | null) =>
    call('PATCH', '/v1/users/me', { token: ada.token, body: { avatarUploadId } })
  t.equal((await profile()).body.data.avatarUrl, null)

  const changed = await setAvatar(id)
  t.equal(changed.status, 200, changed.text)
  const { avatarUrl } = changed.body.data
  t.match(avatarUrl, /^\/v1\/media\/[0-9a-f-]{36}$/)
  t.notMatch(avatarUrl, id, 'it does not tell the upload')
  t.equal((await profile()).body.data.avatarUrl, avatarUrl, 'the cached profile was dropped')
  for (const variant of ['small', 'medium', 'large']) {
    const answer = await fetch(`${url}${avatarUrl}?variant=${variant}`)
    t.equal(answer.status, 200, variant)
    t.equal(answer.headers.get('content-type'), 'image/webp')
    t.equal(answer.headers.get('cache-control'), 'public, max-age=86400, immutable')
    t.equal((await answer.arrayBuffer()).byteLength, Number(answer.headers.get('content-length')))
    const headers = { 'if-none-match': answer.headers.get('etag') ?? '' }
    t.equal((await call('GET', `${avatarUrl}?variant=${variant}`, { headers })).status, 304)
  }
  t.equal((await call('GET', `${avatarUrl}?variant=original`)).status, 400, 'the original is the owner’s')
  t.equal((await setAvatar(id)).body.data.avatarUrl, avatarUrl, 'the same again is the same')
  const inUse = await call('DELETE', `/v1/uploads/${id}`, { token: ada.token })
  isProblem(t, inUse, { status: 409, code: 'upload_in_use' }, 'what is shown stays')

  t.equal((await setAvatar(null)).body.data.avatarUrl, null)
  t.equal((await profile()).body.data.avatarUrl, null)
  isProblem(t, await call('GET', avatarUrl), { status: 404, code: 'media_not_found' }, 'it has ended')
  t.equal((await call('DELETE', `/v1/uploads/${id}`, { token: ada.token })).status, 204)
}

interface Owner {
  readonly admin: Account
  /** A ready upload of his that is shown nowhere. */
  readonly own: { readonly id: string }
}

const showsProducts = async (t: TapTest, { call }: Scene, { admin, own: first }: Owner): Promise<void> => {
  const second = await uploadAndWait(call, admin, await pngOf())
  const { id } = await createProduct(call, admin, { imageUploadId: first.id })
  const path = `/v1/products/${id}`
  const change = (body: object) => call('PATCH', path, { token: admin.token, body })
  const { body, headers } = await call('GET', path)
  t.match(body.data.imageUrl, /^\/v1\/media\//)
  t.equal((await call('GET', body.data.imageUrl)).status, 200)
  const same = await change({ imageUploadId: first.id })
  t.equal(same.headers.get('etag'), headers.get('etag'), 'what is so already is not changed')
  const other = await change({ imageUploadId: second.id })
  t.equal(other.headers.get('etag'), '"2"')
  t.not(other.body.data.imageUrl, body.data.imageUrl)
  t.equal((await call('GET', body.data.imageUrl)).status, 404, 'the old one has ended')
  t.equal((await change({ stock: 3 })).body.data.imageUrl, other.body.data.imageUrl, 'it stays')
  t.equal((await call('DELETE', path, { token: admin.token })).status, 204)
  t.equal((await call('GET', other.body.data.imageUrl)).status, 404, 'it goes with the product')
  t.equal((await call('DELETE', `/v1/uploads/${second.id}`, { token: admin.token })).status, 204)
}

const showsWhatStays = async (t: TapTest, { world, call, bob }: Scene, { admin, own: face }: Owner) => {
  // The last admin could not leave.
  await world.database.sql`update users set role = 'admin' where id = ${bob.id}`
  const mug = await uploadAndWait(call, admin, await pngOf())
  const { id } = await createProduct(call, admin, { imageUploadId: mug.id })
  const { token } = admin
  const { body } = await call('PATCH', '/v1/users/me', { token, body: { avatarUploadId: face.id } })
  t.equal((await call('DELETE', '/v1/users/me', { token })).status, 204)
  t.equal((await call('GET', body.data.avatarUrl)).status, 404)

  const { cradle, database } = createWorkerCradle(t, world)
  await database.transaction((transaction) => cradle.upkeepService.sweepUploads(transaction, 10))
  await untilSwept(world, [mug.id])
  await untilOutboxClosed(world)
  t.strictSame(await storedFiles(world), VARIANT_FILES, 'the avatar’s files are gone, the product’s are not')
  t.equal((await call('GET', (await call('GET', `/v1/products/${id}`)).body.data.imageUrl)).status, 200)
}

t.test('what is shown of uploads', async (t) => {
  const world = await createWorld(t)
  const { call, url } = await startPod(t, world)
  const [ada, bob] = [await registerUser(call), await registerUser(call)]
  const { id } = (await upload(call, ada, formOf(await pngOf()))).body.data
  const scene = { world, call, url, ada, bob, id }
  await t.test('only a ready upload of one’s own can be shown', (t) => showsOnlyReadyOnes(t, scene))

  await startWorkerPod(t, world)
  await untilProcessed(call, ada, id)
  await t.test('an avatar is seen by everybody, at an address that ends with it', (t) =>
    showsAvatars(t, scene),
  )
  const admin = await registerAdmin(call, world)
  const owner = { admin, own: await uploadAndWait(call, admin, await pngOf()) }
  await t.test('a product has an image, and each change of it is one version', (t) =>
    showsProducts(t, scene, owner),
  )
  await t.test('who deletes his account takes his avatar along, and what a product shows stays', (t) =>
    showsWhatStays(t, scene, owner),
  )
})
