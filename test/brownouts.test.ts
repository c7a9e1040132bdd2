import t, { type Test } from 'tap'
import { type Answer, type Call, createWorld, startPod, startWorkerPod } from './support/app.js'
import { FAULTS, type Fault, readBrownouts } from './support/brownouts.js'
import { testServices } from './support/environment.js'
import { type Account, createProduct, registerAdmin, registerUser, unique } from './support/factories.js'
import { startProxy, type TcpProxy, through } from './support/proxy.js'
import { startS3 } from './support/s3.js'
import { askForSocket } from './support/sockets.js'
import { until } from './support/until.js'
import { formOf, pngOf, upload, uploadAndWait } from './support/uploads.js'

/** "Every request is answered within 5 s", and the time of the machine that runs tests. */
const ANSWER_LIMIT_MS = 5_500
/** A file of 10 MiB may take the bucket its ten seconds. */
const STORING_LIMIT_MS = 12_000
const limitOf = (request: string): number => (request === 'an upload' ? STORING_LIMIT_MS : ANSWER_LIMIT_MS)

interface Scene {
  readonly call: Call
  /** Opens a socket for a moment. */
  readonly askForSocket: (token: string) => Promise<Answer>
  readonly proxies: Readonly<Record<'Redis' | 'Postgres' | 'bucket', TcpProxy>>
  readonly ada: Account
  readonly admin: Account
  readonly productId: string
  readonly uploadId: string
}

const setScene = async (t: Test): Promise<Scene> => {
  const world = await createWorld(t)
  const s3 = await startS3(t)
  const { redisUrl } = testServices()
  // Node's URL has no host of a scheme that it does not know.
  const bucketUrl = new URL(s3.url.replace('s3+http', 'http'))
  const [redis, postgres, bucket] = await Promise.all([
    startProxy(t, new URL(redisUrl)),
    startProxy(t, new URL(world.database.url)),
    startProxy(t, bucketUrl),
  ])
  const env = {
    ...world.env,
    REDIS_URL: through(redisUrl, redis),
    DATABASE_URL: through(world.database.url, postgres),
    STORAGE_URL: through(bucketUrl.href, bucket).replace('http', 's3+http'),
  }
  const { call, url } = await startPod(t, { ...world, env })
  const worker = await startWorkerPod(t, { ...world, env: { ...world.env, STORAGE_URL: s3.url } })
  const admin = await registerAdmin(call, world)
  const ada = await registerUser(call)
  const { id: productId } = await createProduct(call, admin, { stock: 1_000 })
  const { id: uploadId } = await uploadAndWait(call, ada, await pngOf())
  // What is asked for below is the API's part; jobs can wait.
  await worker.stop()
  return {
    call,
    askForSocket: (token) => askForSocket(t, url, { token }),
    ada,
    admin,
    productId,
    uploadId,
    proxies: { Redis: redis, Postgres: postgres, bucket },
  }
}

const readProduct = ({ call, productId }: Scene): Promise<Answer> => call('GET', `/v1/products/${productId}`)

/** What the first column of the table names. */
const REQUESTS: Readonly<Record<string, (scene: Scene) => Promise<Answer>>> = {
  '`GET /livez`': ({ call }) => call('GET', '/livez'),
  '`GET /readyz`': ({ call }) => call('GET', '/readyz'),
  'a public read, cached': readProduct,
  'a public read, not cached': ({ call }) => call('GET', `/v1/products?q=${unique('mug')}`),
  'a read of one’s own': ({ call, ada: { token } }) => call('GET', '/v1/orders', { token }),
  'a write': ({ call, ada: { token } }) =>
    call('PATCH', '/v1/users/me', { token, body: { name: unique('Ada') } }),
  'an order': ({ call, ada: { token }, productId }) =>
    call('POST', '/v1/orders', {
      token,
      headers: { 'idempotency-key': unique('order') },
      body: { items: [{ productId, quantity: 1 }] },
    }),
  'a registration': ({ call }) =>
    call('POST', '/v1/auth/register', {
      body: { email: `${unique('ada')}@example.com`, password: 'correct horse battery', name: 'Ada' },
    }),
  'a log-in': ({ call, ada: { email, password } }) =>
    call('POST', '/v1/auth/login', { body: { email, password } }),
  'an upload': async ({ call, ada }) => upload(call, ada, formOf(await pngOf())),
  'an image': ({ call, ada: { token }, uploadId }) =>
    call('GET', `/v1/uploads/${uploadId}/content?variant=small`, { token }),
  '`GET /v1/realtime`': ({ askForSocket, ada: { token } }) => askForSocket(token),
  'the queues, for admins': ({ call, admin: { token } }) => call('GET', '/v1/admin/queues', { token }),
  'a pod’s health, for admins': ({ call, admin: { token } }) => call('GET', '/v1/admin/health', { token }),
}

const FAULT_OF: Readonly<Record<Fault, (proxies: Scene['proxies']) => Promise<void>>> = {
  'Redis gone': async ({ Redis }) => Redis.cut(),
  'Redis silent': async ({ Redis }) => Redis.stall(),
  'Postgres gone': async ({ Postgres }) => Postgres.cut(),
  'Postgres silent': async ({ Postgres }) => Postgres.stall(),
  'bucket gone': async ({ bucket }) => bucket.cut(),
  'bucket silent': async ({ bucket }) => bucket.stall(),
}

const statusesOf = async (t: Test, scene: Scene): Promise<Record<string, number>> => {
  const answers = Object.entries(REQUESTS).map(async ([request, send]) => {
    const begun = performance.now()
    const answer = await send(scene)
    const ms = performance.now() - begun
    t.ok(ms < limitOf(request), `${request} in ${Math.round(ms)} ms`)
    if (answer.status >= 500) {
      t.match(answer.body, { status: 503, code: 'unavailable', requestId: String })
      t.ok(Number(answer.headers.get('retry-after')) > 0, `${request} says when to come again`)
    }
    return [request, answer.status] as const
  })
  return Object.fromEntries(await Promise.all(answers))
}

const untilWhole = async (scene: Scene) => {
  // The dear ones are asked when there is hope, and each until it works.
  await until('the pod to be ready', async () => (await scene.call('GET', '/readyz')).status === 200)
  const working = Object.entries(REQUESTS).map(([request, send]) =>
    until(`${request} to work again`, async () => (await send(scene)).status < 300),
  )
  await Promise.all(working)
}

const untilCached = (scene: Scene) =>
  until('the product to be cached', async () => {
    const { headers } = await readProduct(scene)
    return headers.get('x-cache') === 'HIT'
  })

/** What was known of sessions and of the database holds for some seconds. */
const untilNoticed = ({ call, admin: { token } }: Scene) =>
  until('sessions to be unknown', async () => {
    const { status } = await call('GET', '/v1/admin/health', { token })
    return status === 503
  })

t.test('docs/operations.md says what works while something is away', async (t) => {
  const rows = readBrownouts()
  t.strictSame(
    rows.map(({ request }) => request),
    Object.keys(REQUESTS),
  )
  const scene = await setScene(t)
  for (const fault of FAULTS) {
    await t.test(fault, async (t) => {
      await untilCached(scene)
      await FAULT_OF[fault](scene.proxies)
      if (fault.startsWith('Postgres')) await untilNoticed(scene)
      const expected = Object.fromEntries(rows.map(({ request, statuses }) => [request, statuses[fault]]))
      t.strictSame(await statusesOf(t, scene), expected)
      await Promise.all(Object.values(scene.proxies).map(({ mend }) => mend()))
      await untilWhole(scene)
    })
  }
})
