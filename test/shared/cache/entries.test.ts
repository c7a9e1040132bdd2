import t from 'tap'
import { createWorld, startPod } from '../../support/app.js'
import { createCacheProbe } from '../../support/cache.js'
import { createProduct, registerAdmin } from '../../support/factories.js'

t.test('what a product’s page is kept as', async (t) => {
  const world = await createWorld(t)
  const pod = await startPod(t, world)
  const { call } = pod
  const admin = await registerAdmin(call, world)
  const { id } = await createProduct(call, admin, { name: 'Étagère' })
  const path = `/v1/products/${id}`
  const probe = createCacheProbe(t, world)
  const verdict = async (target = path): Promise<string | null> =>
    (await call('GET', target)).headers.get('x-cache')
  const first = await call('GET', path)
  const kept = await probe.entry(path)

  await t.test('the body as it was sent, behind one line', async (t) => {
    const [line, ...rest] = kept.split('\n')
    t.equal(rest.join('\n'), first.text)
    t.match(line, /^2 200 \d{13} \d{13} \d+ "1" [\w-]+,[\w-]+$/)
    const ttl = await probe.redis.ttl(probe.entryKey(path))
    t.ok(ttl > 300 && ttl <= 330, `300 s fresh and 30 s stale (${ttl})`)
  })

  await t.test('it is sent as it stands there, with its ETag', async (t) => {
    await probe.redis.set(probe.entryKey(path), kept.replace('"stock":10', '"stock":99'))
    const { text, headers } = await call('GET', path)
    t.match(text, '"stock":99')
    t.strictSame(
      ['x-cache', 'etag', 'content-type'].map((name) => headers.get(name)),
      ['HIT', '"1"', first.headers.get('content-type')],
    )
  })

  await t.test('what is not ours, or not whole, is a miss', async (t) => {
    const poisoned = {
      'a JSON text of somebody else': '{"data": {"stock": 99}}',
      'a truncated one': kept.slice(0, -5),
      'one with more behind it': `${kept} `,
      'one that ends in its first line': kept.slice(0, 20),
      'another format': kept.replace(/^2/, '1'),
      'another status': kept.replace(/^2 200/, '2 500'),
      'one without tags': kept.replace(/ [\w-]+,[\w-]+\n/, '\n'),
      'the tags of others': kept.replace(/ [\w-]+,[\w-]+\n/, ' abc,def\n'),
      'one that is over': kept.replace(/^2 200 \d+ \d+/, '2 200 1000000000000 1000000000001'),
      'nothing at all': '',
    }
    for (const [what, text] of Object.entries(poisoned)) {
      await probe.redis.set(probe.entryKey(path), text)
      const answer = await call('GET', path)
      t.equal(answer.headers.get('x-cache'), 'MISS', what)
      t.equal(answer.text, first.text, what)
      t.equal(await verdict(), 'HIT', `${what}: replaced`)
    }
    await probe.redis.del(probe.entryKey(path))
    await probe.redis.lpush(probe.entryKey(path), 'a list')
    t.equal((await call('GET', path)).text, first.text, 'another type')
  })

  await t.test('a missing tag is a miss, and never equal to another missing one', async (t) => {
    await call('GET', path)
    await probe.redis.del(probe.tagKey(`product:${id}`))
    t.equal(await verdict(), 'MISS')
    t.equal(await verdict(), 'HIT')
    await probe.redis.del(probe.tagKey('all'))
    t.equal(await verdict(), 'MISS')
  })

  await t.test('whoever has it is told so from the cache, and fills it too', async (t) => {
    const headers = { 'if-none-match': first.headers.get('etag') ?? '' }
    for (const expected of ['MISS', 'HIT', 'HIT']) {
      if (expected === 'MISS') await probe.redis.del(probe.entryKey(path))
      const answer = await call('GET', path, { headers })
      t.equal(answer.status, 304, expected)
      t.equal(answer.text, '')
      t.equal(answer.headers.get('x-cache'), expected)
      t.equal(answer.headers.get('etag'), '"1"')
      t.equal(answer.headers.get('content-type'), null)
    }
    t.equal((await call('GET', path)).text, first.text)
    t.equal((await call('GET', path, { headers: { 'if-none-match': '"7"' } })).status, 200)
  })

  await t.test('HEAD is answered past it', async (t) => {
    const { status, headers, text } = await call('HEAD', path)
    t.strictSame([status, headers.get('x-cache'), text], [200, 'BYPASS', ''])
  })

  await t.test('everybody on the way may keep it for a moment', async (t) => {
    const expected = 'public, max-age=5, stale-while-revalidate=10'
    for (const target of [path, path, '/v1/products', '/v1/products'])
      t.equal((await call('GET', target)).headers.get('cache-control'), expected)
    t.equal((await call('GET', '/v1/products?limit=0')).headers.get('cache-control'), 'no-store')
  })

  await t.test('one log line says where it came from', async (t) => {
    await call('GET', path)
    t.match(pod.log.at(-1), { route: '/v1/products/:id', cache: 'HIT' })
  })
})

t.test('a 404 is kept for seconds, with each one’s own request id', async (t) => {
  const world = await createWorld(t)
  const { call } = await startPod(t, world)
  const path = '/v1/products/00000000-0000-7000-8000-000000000000'
  for (const [id, expected] of [
    ['request-1', 'MISS'],
    ['request-2', 'HIT'],
    ['request-3', 'HIT'],
  ] as const) {
    const { status, headers, body } = await call('GET', path, { headers: { 'x-request-id': id } })
    t.equal(status, 404)
    t.match(body, { code: 'product_not_found', instance: path, requestId: id })
    t.equal(headers.get('x-request-id'), id)
    t.match(headers.get('content-type'), /^application\/problem\+json/)
    t.equal(headers.get('cache-control'), 'no-store')
    t.equal(headers.get('x-cache'), expected)
  }
  const probe = createCacheProbe(t, world)
  const ttl = await probe.redis.ttl(probe.entryKey(path))
  t.ok(ttl >= 0 && ttl <= 5, `${ttl} s`)
})

t.test('a query makes one entry, however it is written', async (t) => {
  const world = await createWorld(t)
  const { call } = await startPod(t, world)
  const probe = createCacheProbe(t, world)
  const verdict = async (query: string) => (await call('GET', `/v1/products?${query}`)).headers.get('x-cache')
  const countKeys = async () => (await probe.redis.keys(`${world.redisPrefix}:cache*`)).length

  t.equal(await verdict('limit=5&sort=price&q=red+mug'), 'MISS')
  for (const query of ['sort=price&limit=5&q=red+mug', 'q=red%20mug&sort=%70rice&limit=5'])
    t.equal(await verdict(query), 'HIT', query)
  t.equal(await verdict('limit=5&sort=price&q=red+mugs'), 'MISS', 'another one')
  const keys = await countKeys()

  for (const query of [
    'colour=red',
    'limit=05',
    'limit=5&limit=5',
    'cursor=abc',
    `q=${'x'.repeat(10_000)}`,
  ]) {
    t.equal((await call('GET', `/v1/products?${query}`)).status, 400, query.slice(0, 40))
    t.not(await verdict(query), 'HIT', query.slice(0, 40))
  }
  t.equal(await countKeys(), keys, 'and what is refused makes none')

  const long = `q=${'wort '.repeat(19)}und&sort=-price&minPrice=1&maxPrice=99999999&limit=7`.replaceAll(
    ' ',
    '%C3%BC',
  )
  t.equal(await verdict(long), 'MISS')
  t.equal(await verdict(long), 'HIT')
  const names = await probe.redis.keys(`${world.redisPrefix}:cache:*`)
  t.ok(
    names.some((name) => /:cache:sha256:[\w-]{43}$/.test(name)),
    'a long one is hashed',
  )
  t.ok(names.every((name) => name.length < 300))
})

t.test('nobody’s answer is kept under another’s query', async (t) => {
  const world = await createWorld(t)
  const { call } = await startPod(t, world)
  const admin = await registerAdmin(call, world)
  await createProduct(call, admin, { name: 'Blue shoes' })
  const pairs: [string, string][] = [
    ['/v1/products?limit=20&q=shoes?zzz', '/v1/products?limit=20&q=shoes'],
    ['/v1/products?q=shoes%20-caf%E9', '/v1/products?q=shoes%20-caf%EF%BF%BD'],
    ['/v1/products?q=a%zz%20shoes', '/v1/products?q=a%25zz%20shoes'],
    ['/v1/products?q=shoes%26limit%3D1', '/v1/products?limit=1&q=shoes'],
  ]
  for (const [odd, plain] of pairs) {
    await call('GET', odd)
    const answer = await call('GET', plain)
    t.equal(answer.status, 200, plain)
    t.not(answer.headers.get('x-cache'), 'HIT', `${odd} is not ${plain}`)
  }
  t.equal((await call('GET', '/v1/products?q=shoes&limit=20')).body.data.length, 1)
  for (const path of ['/v1/products?limit=1&q=shoes', '/v1/products?q=shoes&limit=1'])
    t.equal((await call('GET', path)).headers.get('x-cache'), 'HIT', `${path}: in whatever order`)
  await call('GET', '/v1/products?limit=20')
  for (const path of ['/v1/products?limit=20?x', '/v1/products??limit=20'])
    t.equal((await call('GET', path)).status, 400, path)
})
