import t, { type Test as TapTest } from 'tap'
import { browse, cookieIn, fromPage, logInByForm, pageCookie } from '../support/admin-page.js'
import { type Answer, createWorld, startPod } from '../support/app.js'
import { insertDeadLetter, jobRecord } from '../support/dead-letters.js'
import { registerAdmin, registerUser } from '../support/factories.js'
import { startTwoPods } from '../support/fleet.js'
import { countRecordedOf } from '../support/guesses.js'
import { isProblem, problemFaults } from '../support/problem.js'
import { createStages } from '../support/stage.js'
import { until } from '../support/until.js'

const world = await createWorld(t)
const [{ url, call }, other] = await startTwoPods(t, world)
const admin = await registerAdmin(call, world)
/** Of nobody who logs out. */
const cookie = await pageCookie(url, admin)
const { setStage } = await createStages(world, other)

const isLoggedOut = (t: TapTest, answer: Answer, what: string): void => {
  t.equal(answer.status, 303, what)
  t.equal(answer.headers.get('location'), '/admin/login')
}

t.test('the cookie is for the pages alone, and no script sees it', async (t) => {
  const answer = await logInByForm(url, admin)
  t.equal(answer.status, 303)
  t.equal(answer.headers.get('location'), '/admin/queues')
  const [header = ''] = answer.headers.getSetCookie()
  const [pair = '', ...attributes] = header.split('; ')
  t.match(pair, /^unnest_admin=[\w-]+\.[\w-]+\.[\w-]+$/)
  t.strictSame(attributes.sort(), ['HttpOnly', 'Max-Age=600', 'Path=/admin', 'SameSite=Strict'])
  t.equal((await browse(url, 'GET', '/admin/queues', { cookie: pair })).status, 200)
})

t.test('in production it wants TLS', async (t) => {
  const pod = await startPod(t, { ...world, env: { ...world.env, NODE_ENV: 'production' } })
  const answer = await logInByForm(pod.url, admin)
  t.match(answer.headers.getSetCookie()[0], /; Secure/)
})

t.test('and so it does behind a proxy that has it', async (t) => {
  const pod = await startPod(t, { ...world, env: { ...world.env, TRUST_PROXY: '127.0.0.1' } })
  const headers = { ...fromPage(pod.url), 'x-forwarded-proto': 'https' }
  t.match((await logInByForm(pod.url, admin, headers)).headers.getSetCookie()[0], /; Secure/)
})

t.test('whoever is not an admin gets what a wrong password gets', async (t) => {
  const user = await registerUser(call)
  const answers = [
    await logInByForm(url, user),
    await logInByForm(url, { ...admin, password: 'not the right one' }),
    await logInByForm(url, { email: 'nobody@example.com', password: 'not the right one' }),
  ]
  for (const answer of answers) {
    t.equal(answer.status, 401)
    t.equal(answer.text, answers[0]?.text)
    t.match(answer.text, 'The e-mail address or the password is wrong.')
    t.strictSame(answer.headers.getSetCookie(), [])
  }
  t.equal(await countRecordedOf(world, 'login.failed', user.id), 1)
  const [row] = await world.database.sql`select count(*)::int as n from sessions where user_id = ${user.id}`
  t.equal(row?.['n'], 1, 'and no session beside the one of the API')
  const json = await browse(url, 'POST', '/admin/login', {
    form: { email: user.email, password: user.password },
    headers: { ...fromPage(url), accept: 'application/json' },
  })
  isProblem(t, json, { status: 401, code: 'invalid_credentials' }, 'to a script in its words')
})

t.test('the cookie is no access token, and an access token no cookie', async (t) => {
  const token = cookie.split('=')[1] ?? ''
  isProblem(t, await call('GET', '/v1/users/me', { token }), { status: 401, code: 'unauthenticated' })
  isProblem(t, await call('GET', '/v1/admin/queues', { token }), { status: 401, code: 'unauthenticated' })
  isProblem(t, await call('GET', '/v1/admin/queues', { headers: { cookie } }), {
    status: 401,
    code: 'unauthenticated',
  })
  isLoggedOut(
    t,
    await browse(url, 'GET', '/admin/queues', { cookie: `unnest_admin=${admin.token}` }),
    'cookie',
  )
  isLoggedOut(
    t,
    await browse(url, 'GET', '/admin/queues', { headers: { authorization: `Bearer ${admin.token}` } }),
    'bearer',
  )
  isLoggedOut(t, await browse(url, 'GET', '/admin/queues', { cookie: `${cookie}x` }), 'damaged')
  isLoggedOut(t, await browse(url, 'GET', '/admin/queues', { cookie: 'unnest_admin=' }), 'empty')
})

t.test('what another site makes a browser send does nothing', async (t) => {
  const id = await insertDeadLetter(world)
  const paths: [string, string][] = [
    ['PUT', `/admin/queues/api/queues/mail/${id}/retry`],
    ['PUT', `/admin/queues/api/queues/mail/${id}/clean`],
    ['PUT', '/admin/queues/api/queues/mail/retry/failed'],
    ['PUT', '/admin/queues/api/queues/mail/clean/failed'],
    ['POST', '/admin/logout'],
    ['POST', '/admin/login'],
  ]
  const strange: Record<string, string>[] = [
    {},
    { origin: 'null' },
    { origin: 'https://evil.example' },
    { origin: url.replace(/\d+$/, '1') },
    { origin: `${url}.evil.example` },
    { 'sec-fetch-site': 'same-origin' },
    { origin: url, 'sec-fetch-site': 'same-site' },
    { origin: url, 'sec-fetch-site': 'cross-site' },
  ]
  const accepted: string[] = []
  let asked = 0
  for (const [method, path] of paths)
    for (const headers of strange) {
      const form = path === '/admin/login' ? { email: admin.email, password: admin.password } : undefined
      const answer = await browse(url, method, path, {
        cookie,
        headers: { ...headers, accept: '*/*' },
        ...(form && { form }),
      })
      const faults = problemFaults(answer, { status: 403, code: 'cross_site_request' })
      accepted.push(...faults.map((fault) => `${path} ${JSON.stringify(headers)}: ${fault}`))
      asked += 1
    }
  t.strictSame(accepted, [], 'each is refused')
  t.equal(asked, paths.length * strange.length)
  t.match(await jobRecord(world, id), { round: 1, discarded_at: null })
  t.equal((await browse(url, 'GET', '/admin', { cookie })).status, 200, 'and the admin is still there')
  const mine = await browse(url, 'PUT', `/admin/queues/api/queues/mail/${id}/retry`, {
    cookie,
    headers: fromPage(url),
  })
  t.equal(mine.status, 204)
  t.equal((await jobRecord(world, id)).round, 2)
})

t.test('the page’s list has no payload, and its other buttons do nothing', async (t) => {
  const id = await insertDeadLetter(world, { queue: 'images' })
  const look = async () => {
    const path = '/admin/queues/api/queues?activeQueue=images&status=failed'
    const list = await browse(url, 'GET', path, { cookie })
    const queue = list.body.queues.find(({ name }: { name: string }) => name === 'images')
    return queue && { list, queue }
  }
  const { list, queue } = await until('the new queue', look)
  t.match(queue, {
    counts: { failed: 1 },
    jobs: [{ id, failedReason: 'the mail server said no', attempts: 8 }],
  })
  t.notOk(list.text.includes('ada@example.com'))
  const one = await browse(url, 'GET', `/admin/queues/api/queues/images/${id}`, { cookie })
  t.match(one.body, { status: 'failed', job: { data: { to: 'ada@example.com' } } })
  const put = (path: string) =>
    browse(url, 'PUT', `/admin/queues/api/queues/images/${path}`, { cookie, headers: fromPage(url) })
  for (const path of ['pause', 'empty', 'obliterate', 'promote', 'resume', 'concurrency', 'rate-limit'])
    isProblem(t, await put(path), { status: 404, code: 'not_found' }, path)
  isProblem(t, await put('clean/completed'), { status: 409, code: 'job_not_failed' })
  isProblem(t, await put('clean/wait'), { status: 409, code: 'job_not_failed' })
  for (const path of ['x', 'x/flow']) {
    const { status } = await browse(url, 'GET', `/admin/queues/api/queues/images/${path}`, { cookie })
    t.equal(status, 404, `${path}: no job has such an id`)
  }
  for (const path of ['x/retry', 'x/clean']) t.equal((await put(path)).status, 404, path)
  t.match((await put('retry/failed')).body, { retried: 1, skipped: 0 })
  isProblem(t, await put(`${id}/clean`), { status: 409, code: 'job_not_failed' }, 'it is none any more')
  t.equal((await jobRecord(world, id)).discarded_at, null)
})

t.test('its buttons share the limit of the API', async (t) => {
  const { admin: hasty } = await setStage()
  const { pageCookie: cookie } = hasty
  const [byApi, byPage] = [29, 2]
  const dryRun = () =>
    call('POST', '/v1/admin/queues/mail/requeue', { token: hasty.token, body: { filter: {} } })
  for (const { status } of await Promise.all(Array.from({ length: byApi }, dryRun))) t.equal(status, 200)
  const press = () =>
    browse(url, 'PUT', '/admin/queues/api/queues/mail/retry/failed', { cookie, headers: fromPage(url) })
  const answers: Answer[] = []
  for (let pressed = 0; pressed < byPage; pressed += 1) answers.push(await press())
  const [first, second] = answers
  t.equal(first?.status, 200)
  if (second) isProblem(t, second, { status: 429, code: 'too_many_requests' })
  t.equal((await browse(url, 'GET', '/admin/queues/api/queues', { cookie })).status, 200, 'looking is free')
})

t.test('the headers keep everything at home', async (t) => {
  const pages = [
    '/admin',
    '/admin/login',
    '/admin/queues',
    '/admin/queues/queue/mail',
    '/admin/queues/static/favicon.ico',
  ]
  for (const path of pages) {
    const { status, headers, text } = await browse(url, 'GET', path, { cookie })
    t.equal(status, 200, path)
    const policy = headers.get('content-security-policy') ?? ''
    t.match(policy, "default-src 'none'")
    t.match(policy, "frame-ancestors 'none'")
    t.match(policy, "script-src 'self';")
    t.notMatch(policy, /https?:|\*|unsafe-eval/)
    t.equal(headers.get('x-content-type-options'), 'nosniff')
    t.equal(headers.get('cache-control'), 'no-store')
    t.equal(headers.get('referrer-policy'), 'same-origin')
    t.notMatch(text, /(src|href)="(https?:)?\/\//)
  }
  const refused = await browse(url, 'GET', '/admin/queues/api/queues', { headers: { accept: '*/*' } })
  t.equal(refused.status, 401)
  t.match(refused.headers.get('content-security-policy'), "default-src 'none'", 'errors too')
})

t.test('a body that is no form is none', async (t) => {
  const answer = await call('POST', '/admin/login', {
    body: { email: admin.email, password: admin.password },
    headers: fromPage(url),
  })
  isProblem(t, answer, { status: 415, code: 'unsupported_media_type' })
})

t.test('log-out ends the session on every pod', async (t) => {
  const cookie = await pageCookie(url, admin)
  const elsewhere = () => browse(other.url, 'GET', '/admin/queues', { cookie })
  t.equal((await elsewhere()).status, 200)
  const answer = await browse(url, 'POST', '/admin/logout', { cookie, headers: fromPage(url) })
  isLoggedOut(t, answer, 'to the form')
  t.match(answer.headers.getSetCookie()[0], /^unnest_admin=; .*Max-Age=0/)
  isLoggedOut(t, await browse(url, 'GET', '/admin/queues', { cookie }), 'here at once')
  await until('the other pod', async () => (await elsewhere()).status === 303, 5_000)
})

t.test('an admin who is demoted or disabled is out within five seconds', async (t) => {
  for (const loss of [{ role: 'user' }, { disabled: true }]) {
    const { admin: second } = await setStage()
    const { pageCookie: cookie } = second
    t.equal((await browse(other.url, 'GET', '/admin/queues', { cookie })).status, 200)
    const { status } = await call('PATCH', `/v1/users/${second.id}`, { token: admin.token, body: loss })
    t.equal(status, 200)
    for (const pod of [url, other.url])
      await until(
        'the end',
        async () => (await browse(pod, 'GET', '/admin/queues', { cookie })).status === 303,
        5_000,
      )
    t.equal(cookieIn(await logInByForm(url, second)), undefined, 'and does not come back')
  }
})
