import t, { type Test as TapTest } from 'tap'
import { type Answer, type Call, type CallOptions, createWorld, startPod } from '../support/app.js'
import { createCaller } from '../support/caller.js'
import { unique } from '../support/factories.js'
import { figure } from '../support/figures.js'
import { defaultLimits } from '../support/guesses.js'
import { isProblem } from '../support/problem.js'

const LIMIT = 20
const NOBODY = 'no-token-of-ours'

let lastOctet = 0
/** An address that no test has called from. */
const stranger = (): string => {
  lastOctet += 1
  return `127.0.26.${lastOctet}`
}

const startTrusting = async (t: TapTest, proxies: string) => {
  const { url } = await startPod(t, await createWorld(t, { ...defaultLimits, TRUST_PROXY: proxies }))
  return (address: string): Call => createCaller(t, address).to(url)
}

const forgot = (call: Call, headers: CallOptions['headers'] = {}): Promise<Answer> =>
  call('POST', '/v1/auth/password/forgot', { body: { email: `${unique('ada')}@example.com` }, headers })

/** As many as may, and then one that may not, whatever its headers say. */
const exhaust = async (
  t: TapTest,
  what: string,
  ask: (time: number) => Promise<Answer>,
  status = 202,
): Promise<void> => {
  for (let time = 0; time < LIMIT; time += 1) t.equal((await ask(time)).status, status, `${what}: ${time}`)
  const answer = await ask(LIMIT)
  isProblem(t, answer, { status: 429, code: 'too_many_requests' }, what)
  t.match(answer.headers.get('retry-after'), /^[1-9]\d*$/, what)
}

t.test('who is no trusted proxy is counted by the address it has', async (t) => {
  const from = await startTrusting(t, '127.0.0.1')
  const forged = (time: number) => ({
    'x-forwarded-for': `203.0.113.${time}`,
    forwarded: `for=203.0.113.${time}`,
    'x-real-ip': `203.0.113.${time}`,
    'x-client-ip': `203.0.113.${time}`,
    'true-client-ip': `203.0.113.${time}`,
    'cf-connecting-ip': `203.0.113.${time}`,
  })
  const call = from(stranger())
  await exhaust(t, 'forged headers', (time) => forgot(call, forged(time)))
  t.equal((await forgot(from(stranger()))).status, 202, 'another address is another count')

  const trusting = await startTrusting(t, '')
  const own = trusting('127.0.0.1')
  await exhaust(t, 'where no proxy is trusted', (time) => forgot(own, forged(time)))
})

t.test('behind a trusted proxy the rightmost address that is not one counts', async (t) => {
  const proxy = (await startTrusting(t, '127.0.0.1, 10.0.0.0/8'))('127.0.0.1')
  const via = (...hops: string[]) => forgot(proxy, { 'x-forwarded-for': hops.join(', ') })
  await exhaust(t, 'one proxy', (time) => via(`198.51.100.${time}`, '203.0.113.1'))
  t.equal((await via('203.0.113.1', '203.0.113.2')).status, 202, 'another client is another count')
  await exhaust(t, 'two proxies', (time) => via(`198.51.100.${time}`, '203.0.113.3', '10.1.2.3'))
  await exhaust(t, 'a forged proxy', (time) => via(`198.51.100.${time}`, '10.9.9.9', '203.0.113.4'))
  await exhaust(t, 'a network of IPv6', (time) => via(`2001:db8:1:2::${time + 1}`))
  t.equal((await via('2001:db8:1:3::1')).status, 202, 'the next network is another count')
  await exhaust(t, 'a mapped address', (time) => via(time % 2 === 0 ? '::ffff:203.0.113.5' : '203.0.113.5'))
})

t.test('a forwarded address that is none breaks nothing', async (t) => {
  const world = await createWorld(t, { ...defaultLimits, TRUST_PROXY: '127.0.0.1' })
  const { url } = await startPod(t, world)
  const proxy = createCaller(t, '127.0.0.1').to(url)
  const nonsense = [
    'unknown',
    '',
    ',',
    '203.0.113.9:5555',
    "'; drop table audit_log --",
    '1'.repeat(5_000),
    '\t',
  ]
  for (const value of nonsense) {
    const answer = await forgot(proxy, { 'x-forwarded-for': value })
    t.equal(answer.status, 202, JSON.stringify(value.slice(0, 30)))
  }
  const verified = await proxy('POST', '/v1/auth/verify-email', {
    body: { token: NOBODY },
    headers: { 'x-forwarded-for': '198.51.100.1, 203.0.113.8' },
  })
  isProblem(t, verified, { status: 400, code: 'invalid_one_time_token' })
  const [row] = await world.database.sql`select address from audit_log order by id desc limit 1`
  t.equal(row?.['address'], '203.0.113.8', 'the audit log has the same address')
})

t.test('each address may register, ask for mails and try tokens so often', async (t) => {
  const from = await startTrusting(t, '')
  const routes = {
    register: '/v1/auth/register',
    forgot: '/v1/auth/password/forgot',
    'verify-email': '/v1/auth/verify-email',
    reset: '/v1/auth/password/reset',
  }
  for (const [what, path] of Object.entries(routes)) {
    const call = from(stranger())
    // Bad input counts as well, and costs nobody a hash.
    await exhaust(t, what, () => call('POST', path, { body: {} }), 400)
    t.equal((await from(stranger())('POST', path, { body: {} })).status, 400, `${what}: others may`)
  }
  const call = from(stranger())
  const password = 'another horse, another battery'
  await exhaust(
    t,
    'mailed tokens of either kind',
    (time) =>
      time % 2 === 0
        ? call('POST', '/v1/auth/verify-email', { body: { token: NOBODY } })
        : call('POST', '/v1/auth/password/reset', { body: { token: NOBODY, password } }),
    400,
  )
  figure(
    t,
    `row 23: forged X-Forwarded-For and 5 like it: 0 of ${LIMIT + 1} requests gained; ` +
      `register, forgot, reset and verify-email refuse the ${LIMIT + 1}st of an address`,
  )
})
