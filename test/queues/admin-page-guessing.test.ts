import t from 'tap'
import { browse, fromPage, logInByForm } from '../support/admin-page.js'
import { createWorld, startPod } from '../support/app.js'
import { registerAdmin } from '../support/factories.js'
import { isProblem } from '../support/problem.js'

t.test('guesses at the form and at the API are counted together', async (t) => {
  const world = await createWorld(t, { RATE_LIMIT_LOGINS_PER_ACCOUNT: '5' })
  const { url, call } = await startPod(t, world)
  // Logged in once: one of the five.
  const admin = await registerAdmin(call, world)
  const wrong = { email: admin.email, password: 'not the right one' }
  t.equal((await logInByForm(url, wrong)).status, 401)
  t.equal((await call('POST', '/v1/auth/login', { body: wrong })).status, 401)
  t.equal((await logInByForm(url, wrong)).status, 401)
  t.equal((await logInByForm(url, { ...wrong, email: wrong.email.toUpperCase() })).status, 401)
  const refused = await logInByForm(url, admin)
  t.equal(refused.status, 429, 'not even the right one')
  t.ok(Number(refused.headers.get('retry-after')) > 0)
  t.match(refused.text, 'Too many requests')
  t.strictSame(refused.headers.getSetCookie(), [])
  const { email, password } = admin
  isProblem(t, await call('POST', '/v1/auth/login', { body: { email, password } }), {
    status: 429,
    code: 'too_many_requests',
  })
})

t.test('guesses from one address are counted, whoever they are at', async (t) => {
  const world = await createWorld(t, { RATE_LIMIT_LOGINS_PER_ADDRESS: '3' })
  const { url } = await startPod(t, world)
  const guess = (email: string) => logInByForm(url, { email, password: 'not the right one' })
  for (const email of ['a@example.com', 'b@example.com', 'c@example.com'])
    t.equal((await guess(email)).status, 401)
  t.equal((await guess('d@example.com')).status, 429)
})

t.test('a form without an address is shown again', async (t) => {
  const world = await createWorld(t)
  const { url } = await startPod(t, world)
  const answer = await browse(url, 'POST', '/admin/login', {
    form: { password: 'x' },
    headers: fromPage(url),
  })
  t.equal(answer.status, 400)
  t.match(answer.text, '<form method="post" action="/admin/login">')
})
