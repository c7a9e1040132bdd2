import t from 'tap'
import { createWorld, startPod } from '../../support/app.js'
import { registerUser } from '../../support/factories.js'
import { isProblem } from '../../support/problem.js'

const limited = { status: 429, code: 'too_many_requests' }

t.test('a caller may ask so much in a minute, and is told how much is left', async (t) => {
  const world = await createWorld(t, { RATE_LIMIT_PER_MINUTE: '6' })
  const { call } = await startPod(t, world)
  const ada = await registerUser(call)
  const me = () => call('GET', '/v1/users/me', { token: ada.token })
  for (const left of ['5', '4', '3', '2', '1', '0']) {
    const { status, headers } = await me()
    t.equal(status, 200)
    t.match([headers.get('ratelimit-limit'), headers.get('ratelimit-remaining')], ['6', left])
    t.match(headers.get('ratelimit-reset'), /^\d+$/)
  }
  const refused = await me()
  isProblem(t, refused, limited)
  t.match(refused.headers.get('retry-after'), /^[1-9]\d?$/)
  t.equal(refused.headers.get('ratelimit-remaining'), '0')

  await t.test('on another pod it is the same caller', async (t) => {
    const other = await startPod(t, world)
    isProblem(t, await other.call('GET', '/v1/users/me', { token: ada.token }), limited)
  })

  await t.test('another one is not kept waiting', async (t) => {
    t.equal((await call('GET', '/v1/products')).status, 200, 'the address has asked for little so far')
  })
})

t.test('whoever knocks at closed doors is counted by address, and probes always get through', async (t) => {
  const { call } = await startPod(t, await createWorld(t, { RATE_LIMIT_PER_MINUTE: '5' }))
  for (const token of [undefined, 'made-up', 'a.b.c', undefined, undefined]) {
    const answer = await call('GET', '/v1/orders', token === undefined ? {} : { token })
    isProblem(t, answer, { status: 401, code: 'unauthenticated' })
  }
  isProblem(t, await call('GET', '/v1/orders'), limited)
  isProblem(t, await call('GET', '/v1/products'), limited)
  for (const path of ['/livez', '/readyz']) t.equal((await call('GET', path)).status, 200, path)
})
