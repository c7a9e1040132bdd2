import { once } from 'node:events'
import { connect } from 'node:net'
import t, { type Test as TapTest } from 'tap'
import { createWorld, type Pod, startPod, type World } from '../support/app.js'
import { type Account, registerUser } from '../support/factories.js'
import { type OwnRedis, startOwnRedis } from '../support/own-redis.js'
import { isProblem } from '../support/problem.js'
import { until } from '../support/until.js'
import { forgetUploads, formOf, pngLike, pngOf, residue, upload } from '../support/uploads.js'

const MIB = 1_024 * 1_024
const LIMIT = 10 * MIB

const bytesOf = (text: string): Uint8Array<ArrayBuffer> => Uint8Array.from(Buffer.from(text, 'latin1'))

const twoFiles = (first: Uint8Array<ArrayBuffer>, second: Uint8Array<ArrayBuffer>): FormData => {
  const form = formOf(first)
  form.append('file', new Blob([second]), 'second.png')
  return form
}

const withField = (name: string, isFirst: boolean, file: Uint8Array<ArrayBuffer>): FormData => {
  const form = isFirst ? new FormData() : formOf(file)
  form.append(name, 'something')
  if (isFirst) form.append('file', new Blob([file]), 'photo.png')
  return form
}

/** Begins an upload on a socket of its own. */
const begin = async ({ url }: Pod, { token }: Account, content: Buffer) => {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  socket.on('error', () => {})
  let received = ''
  socket.setEncoding('utf8').on('data', (text: string) => {
    received += text
  })
  socket.write(
    [
      'POST /v1/uploads HTTP/1.1',
      `host: ${hostname}`,
      `authorization: Bearer ${token}`,
      'content-type: multipart/form-data; boundary=x',
      'content-length: 1000000',
      '',
      '--x',
      'content-disposition: form-data; name="file"; filename="a.png"',
      '',
      '',
    ].join('\r\n'),
  )
  socket.write(content)
  return { socket, received: () => received }
}

interface Scene {
  readonly world: World
  readonly pod: Pod
  /** The world's own. */
  readonly redis: OwnRedis
  readonly ada: Account
  readonly bob: Account
}

type Tests = Readonly<Record<string, (t: TapTest, scene: Scene) => Promise<unknown>>>

const tests: Tests = {
  'whatever is no single image is refused, and nothing is left of it': async (t, { world, pod, ada }) => {
    const { call } = pod
    const png = await pngOf()
    const cases: [string, FormData, number, string][] = [
      [
        'a text that is called an image',
        formOf(bytesOf('no image at all, but long enough to be looked at')),
        400,
        'unsupported_image',
      ],
      ['a GIF', formOf(bytesOf(`GIF89a${'\0'.repeat(100)}`)), 400, 'unsupported_image'],
      [
        'an SVG',
        formOf(bytesOf(`<svg xmlns="http://www.w3.org/2000/svg">${' '.repeat(100)}</svg>`)),
        400,
        'unsupported_image',
      ],
      [
        'a PDF with an image behind it',
        formOf(Buffer.concat([bytesOf('%PDF-1.7\n'), png])),
        400,
        'unsupported_image',
      ],
      ['a few bytes', formOf(bytesOf('\x89PN')), 400, 'unsupported_image'],
      ['an empty file', formOf(bytesOf('')), 400, 'validation_failed'],
      ['two files', twoFiles(png, png), 400, 'validation_failed'],
      ['a second file that is no image', twoFiles(png, bytesOf('x')), 400, 'validation_failed'],
      ['a field before the file', withField('role', true, png), 400, 'validation_failed'],
      ['a field behind the file', withField('role', false, png), 400, 'validation_failed'],
      ['a field that would be a prototype', withField('__proto__', true, png), 400, 'validation_failed'],
      ['a file in another field', formOf(png, { field: 'image' }), 400, 'validation_failed'],
      ['an empty form', new FormData(), 400, 'validation_failed'],
      ['10 MiB and a byte', formOf(pngLike(LIMIT + 1)), 413, 'payload_too_large'],
      ['12 MiB', formOf(pngLike(12 * MIB)), 413, 'payload_too_large'],
    ]
    for (const [what, form, status, code] of cases) {
      isProblem(t, await upload(call, ada, form), { status, code }, what)
      t.strictSame(await residue(world), [], `${what}: nothing is left`)
    }
    const largest = await upload(call, ada, formOf(pngLike(LIMIT)))
    t.match(largest, { status: 202, body: { data: { bytes: LIMIT } } }, '10 MiB are taken')
  },

  'what stands around the file is limited, too': async (t, { world, pod, ada }) => {
    const { url } = pod
    const { token } = ada
    const answer = await fetch(`${url}/v1/uploads`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'multipart/form-data; boundary=x' },
      // A stream does not say how long it is.
      body: new Blob([new Uint8Array(21 * MIB)]).stream(),
      duplex: 'half',
    })
    t.equal(answer.status, 413)
    t.match(await answer.json(), { code: 'payload_too_large' })
    t.strictSame(await residue(world), [])
  },

  'what is no form, or comes with a query, is refused before it is read': async (t, { world, pod, ada }) => {
    const { call } = pod
    const { token } = ada
    const send = (type: string, body: string) =>
      call('POST', '/v1/uploads', { token, body, headers: { 'content-type': type } })
    for (const type of ['application/json', 'image/png', 'application/x-www-form-urlencoded', 'text/plain'])
      isProblem(t, await send(type, '{}'), { status: 415, code: 'unsupported_media_type' }, type)
    const none = await call('POST', '/v1/uploads', { token })
    isProblem(t, none, { status: 415, code: 'unsupported_media_type' }, 'nothing at all')
    for (const [type, body] of [
      ['multipart/form-data', 'x'],
      ['multipart/form-data; boundary=x', ''],
      ['multipart/form-data; boundary=x', 'no form'],
      [
        'multipart/form-data; boundary=x',
        '--x\r\ncontent-disposition: form-data; name="file"; filename="a"\r\n\r\n\x89P',
      ],
      ['multipart/form-data; boundary=x', '--x\r\n\r\nheadless\r\n--x--\r\n'],
    ] as const) {
      const answer = await send(type, body)
      t.equal(answer.status, 400, body)
    }
    const asked = await call('POST', '/v1/uploads?x=1', { token, body: formOf(await pngOf()) })
    isProblem(t, asked, { status: 400, code: 'validation_failed' }, 'a query')
    t.strictSame(await residue(world), [])
    isProblem(
      t,
      await call('POST', '/v1/orders', { token, body: formOf(await pngOf()) }),
      { status: 415, code: 'unsupported_media_type' },
      'and a form is taken nowhere else',
    )
  },

  'a connection that breaks off leaves nothing behind': async (t, { world, pod, ada }) => {
    const { socket } = await begin(pod, ada, pngLike(500_000))
    await until('the file to come in', async () => (await residue(world)).length > 0)
    socket.destroy()
    await until('it to be gone', async () => (await residue(world)).length === 0)
    t.equal((await upload(pod.call, ada, formOf(await pngOf()))).status, 202, 'others go on')
  },

  'who is gone before his upload is looked at holds no place': async (t, { pod, redis, ada }) => {
    const form = formOf(await pngOf())
    // What is counted in Redis waits in the hooks, before the handler.
    await redis.client.client('PAUSE', 500)
    for (let i = 0; i < 6; i += 1) {
      const { socket } = await begin(pod, ada, pngLike(100))
      await once(socket, 'connect')
      socket.destroy()
    }
    await redis.client.ping()
    await upload(pod.call, ada, form)
    const isTaken = async () => (await upload(pod.call, ada, form)).status === 202
    t.ok(await until('her places to be free', isTaken))
  },

  'no pod takes more than twenty uploads at once, and six of one user': async (
    t,
    { world, pod, ada, bob },
  ) => {
    const [eve, joe] = [await registerUser(pod.call), await registerUser(pod.call)]
    const open: Awaited<ReturnType<typeof begin>>[] = []
    const beginSome = async (owner: Account, count: number) => {
      for (let i = 0; i < count; i += 1) open.push(await begin(pod, owner, pngLike(1_000)))
    }
    const hangUp = () => {
      for (const { socket } of open) socket.destroy()
    }
    t.teardown(hangUp)
    const holds = async () => (await residue(world)).filter((name) => name === 'received').length
    await beginSome(ada, 6)
    await until('her places to be taken', async () => (await holds()) === 6)
    const tooMany = await upload(pod.call, ada, formOf(await pngOf()))
    isProblem(t, tooMany, { status: 429, code: 'too_many_requests' }, 'her seventh')
    t.ok(tooMany.headers.get('retry-after'))

    await beginSome(bob, 6)
    await beginSome(eve, 6)
    await beginSome(joe, 2)
    await until('all places to be taken', async () => (await holds()) === 20)
    const refused = await upload(pod.call, joe, formOf(await pngOf()))
    isProblem(t, refused, { status: 503, code: 'unavailable' }, 'the next one')
    t.ok(refused.headers.get('retry-after'))
    hangUp()
    await until('places to be free', async () => (await holds()) === 0)
    t.equal((await upload(pod.call, ada, formOf(await pngOf()))).status, 202)
  },
}

const testsOfLimits: Tests = {
  'whoever sends too slowly is answered 408 in time, and leaves nothing behind': async (
    t,
    { world, pod, bob },
  ) => {
    const { socket, received } = await begin(pod, bob, pngLike(1_000))
    await new Promise((resolve) => socket.on('close', resolve))
    t.match(received(), /^HTTP\/1\.1 408 .*"code":"request_timeout"/s)
    await until('it to be gone', async () => (await residue(world)).length === 0)
  },

  'nobody uploads more than RATE_LIMIT_UPLOADS in an hour': async (t, { pod, ada, bob }) => {
    const { call } = pod
    for (const status of [202, 202, 429]) {
      const answer = await upload(call, ada, formOf(await pngOf(8, 8)))
      t.equal(answer.status, status)
    }
    t.equal((await upload(call, bob, formOf(await pngOf(8, 8)))).status, 202, 'another one may')
  },
}

const runAll = async (t: TapTest, tests: Tests, scene: Scene): Promise<void> => {
  for (const [name, test] of Object.entries(tests)) {
    await forgetUploads(scene.world)
    await t.test(name, (t) => test(t, scene))
  }
}

/** Long enough for what is sent at once. */
const LIMITS = { UPLOAD_TIMEOUT_MS: '1000', RATE_LIMIT_UPLOADS: '2' }

t.test('bad input', async (t) => {
  const redis = await startOwnRedis(t)
  const world = await createWorld(t, { REDIS_URL: redis.url, RATE_LIMIT_UPLOADS: '1000' })
  const pod = await startPod(t, world)
  const scene = { world, pod, redis, ada: await registerUser(pod.call), bob: await registerUser(pod.call) }
  await runAll(t, tests, scene)
  // What the other pod has counted is forgotten.
  await redis.client.flushall()
  const limited = { ...world, env: { ...world.env, ...LIMITS } }
  await runAll(t, testsOfLimits, { ...scene, pod: await startPod(t, limited) })
})
