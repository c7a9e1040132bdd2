import t from 'tap'
import { type CallOptions, createWorld, startPod } from '../support/app.js'
import { actionsOf, auditOf } from '../support/audit.js'
import { registerUser } from '../support/factories.js'
import { isProblem } from '../support/problem.js'
import { makeWebhook } from '../support/webhooks.js'

const URL = 'https://example.com/hook'

t.test('webhooks are made, read, changed and deleted by their owner', async (t) => {
  const world = await createWorld(t)
  const { sql } = world.database
  const { call } = await startPod(t, world)
  const ada = await registerUser(call)
  const eve = await registerUser(call, 'Eve')
  const as = (method: string, path: string, options: CallOptions = {}) =>
    call(method, `/v1/webhooks${path}`, { token: ada.token, ...options })
  const body = { url: URL, events: ['order.placed', 'upload.ready'], description: 'Stock keeping' }
  const outdated = { status: 412, code: 'precondition_failed' }
  const invalid = { status: 400, code: 'validation_failed' }

  await t.test('the secret is shown once, and kept encrypted', async (t) => {
    const made = await as('POST', '', { body })
    t.equal(made.status, 201)
    const { secret, ...webhook } = made.body.data
    t.match(webhook, { ...body, enabled: true, disabledReason: null, previousSecretExpiresAt: null })
    t.match(secret, /^whsec_[\w+/]{43}=$/)
    t.equal(made.headers.get('location'), `/v1/webhooks/${webhook.id}`)
    const read = await as('GET', `/${webhook.id}`)
    t.strictSame(read.body.data, webhook, 'what is read is the rest')
    t.equal(read.headers.get('etag'), made.headers.get('etag'))
    const tag = { 'if-none-match': read.headers.get('etag') ?? '' }
    t.equal((await as('GET', `/${webhook.id}`, { headers: tag })).status, 304)
    const kept = await sql`select row_to_json(webhook_endpoints)::text as row from webhook_endpoints`
    t.notOk(kept[0]?.['row'].includes(secret.slice('whsec_'.length)), 'not in its row')
    t.notOk(JSON.stringify(await auditOf(world, ada.id)).includes(secret), 'nor in the audit log')
  })

  await t.test('a key for repetition leaves no secret behind', async (t) => {
    const headers = { 'idempotency-key': 'once' }
    const { body: made } = await as('POST', '', { body, headers })
    t.equal((await as('POST', '', { body, headers })).status, 201, 'it is another webhook')
    t.strictSame([...(await sql`select body from idempotency_keys`)], [])
    t.equal((await as('DELETE', `/${made.data.id}`)).status, 204)
  })

  await t.test('what is changed is changed in the version that one has seen', async (t) => {
    const { id } = await makeWebhook(call, ada, URL)
    const etag = (await as('GET', `/${id}`)).headers.get('etag') ?? ''
    const headers = { 'if-match': etag }
    const change = (changes: object) => as('PATCH', `/${id}`, { body: changes, headers })
    t.equal((await change({ url: URL })).headers.get('etag'), etag, 'what is so already is no change')
    const changed = await change({ events: ['upload.failed'], enabled: false })
    t.match(changed.body.data, { url: URL, events: ['upload.failed'], enabled: false })
    isProblem(t, await change({ enabled: true }), outdated)
    isProblem(t, await as('POST', `/${id}/rotate-secret`, { headers }), outdated)
    isProblem(t, await as('DELETE', `/${id}`, { headers }), outdated)
    t.equal((await as('DELETE', `/${id}`)).status, 204)
    isProblem(t, await as('GET', `/${id}`), { status: 404, code: 'webhook_not_found' })
    const deeds = (await actionsOf(world, ada.id)).filter((action) => action.startsWith('webhook.'))
    t.strictSame(deeds.slice(-3), ['webhook.created', 'webhook.changed', 'webhook.deleted'])
  })

  await t.test('an address is kept as it will be called', async (t) => {
    const odd = 'HTTPS://Example.COM:443/../a b?q=\u00e4'
    const url = 'https://example.com/a%20b?q=%C3%A4'
    const made = await as('POST', '', { body: { ...body, url: odd } })
    t.match([made.status, made.body.data?.url], [201, url])
    const again = await as('PATCH', `/${made.body.data.id}`, { body: { url: odd } })
    t.match([again.body.data.url, again.headers.get('etag')], [url, made.headers.get('etag')], 'no change')
  })

  await t.test(
    'a secret that is rotated is another one, and says until when the old one signs',
    async (t) => {
      const { id, secret } = await makeWebhook(call, ada, URL)
      const { status, body: answer } = await as('POST', `/${id}/rotate-secret`)
      t.equal(status, 200)
      t.not(answer.data.secret, secret)
      const hours = (Date.parse(answer.data.previousSecretExpiresAt) - Date.now()) / 3_600_000
      t.ok(hours > 23.9 && hours <= 24, `${hours} hours`)
      t.equal((await actionsOf(world, ada.id)).at(-1), 'webhook.secret_rotated')
    },
  )

  await t.test('what is nonsense is refused, field by field', async (t) => {
    const refusals: [object, string][] = [
      [{ events: ['order.eaten'] }, 'events.0'],
      [{ events: [] }, 'events'],
      [{ events: ['order.placed', 'order.placed'] }, 'events'],
      [{ url: 'ftp://example.com' }, 'url'],
      [{ url: 'https://ada:secret@example.com' }, 'url'],
      [{ url: 'http://127.0.0.1/hook' }, 'url'],
      [{ url: 'http://[::ffff:169.254.169.254]/' }, 'url'],
      [{ url: 'http://2130706433/' }, 'url'],
      [{ url: 'https://example.com/hook#part' }, 'url'],
      [{ url: `https://example.com/${'\u00e4'.repeat(1_900)}` }, 'url'],
      [{ url: 'hook' }, 'url'],
      [{ description: 'x'.repeat(201) }, 'description'],
    ]
    for (const [wrong, path] of refusals) {
      const answer = await as('POST', '', { body: { ...body, ...wrong } })
      isProblem(t, answer, invalid, JSON.stringify(wrong))
      t.equal(answer.body.errors[0].path, path, JSON.stringify(wrong))
    }
    const { id } = await makeWebhook(call, ada, URL)
    isProblem(t, await as('PATCH', `/${id}`, { body: { url: 'http://10.0.0.1/' } }), invalid)
    isProblem(t, await as('PATCH', `/${id}`, { body: {} }), invalid)
  })

  await t.test('twenty are enough, however many are made at once', async (t) => {
    const { token } = eve
    const answers = await Promise.all(Array.from({ length: 25 }, () => as('POST', '', { body, token })))
    t.equal(answers.filter(({ status }) => status === 201).length, 20)
    const refused = answers.filter(({ status }) => status !== 201)
    t.equal(refused.length, 5)
    for (const answer of refused) isProblem(t, answer, { status: 409, code: 'too_many_webhooks' })
    const first = await as('GET', '?limit=15', { token })
    const { nextCursor } = first.body.meta
    const rest = await as('GET', `?limit=15&cursor=${nextCursor}`, { token })
    const ids = [...first.body.data, ...rest.body.data].map(({ id }: { id: string }) => id)
    t.strictSame(ids, [...new Set(ids)].sort().reverse(), 'newest first, a page at a time')
    t.equal(ids.length, 20)
    t.notMatch(first.text, 'whsec_')
    isProblem(t, await as('GET', `?limit=15&cursor=${nextCursor}`), invalid, 'another user’s cursor')
  })

  await t.test('an account that is deleted takes its webhooks along', async (t) => {
    t.equal((await call('DELETE', '/v1/users/me', { token: eve.token })).status, 204)
    t.strictSame([...(await sql`select id from webhook_endpoints where user_id = ${eve.id}`)], [])
    const [others] = await sql`select count(*)::int as there from webhook_endpoints`
    t.ok(others?.['there'] > 0, 'and no others')
  })
})

t.test('a test event that is asked for twice with one key is sent once', async (t) => {
  const world = await createWorld(t)
  const { call } = await startPod(t, world)
  const { token } = await registerUser(call)
  const { id } = await makeWebhook(call, { token }, URL)
  const test = () =>
    call('POST', `/v1/webhooks/${id}/test`, { token, headers: { 'idempotency-key': 'once' } })
  const first = await test()
  const again = await test()
  t.match([first.status, again.status, again.text], [202, 202, first.text])
  t.equal(again.headers.get('location'), first.headers.get('location'))
  t.equal(again.headers.get('idempotency-replayed'), 'true')
  const { data } = (await call('GET', `/v1/webhooks/${id}/deliveries`, { token })).body
  t.equal(data.length, 1)
})

t.test('whoever sends by hand does so a few times a minute', async (t) => {
  const world = await createWorld(t, { RATE_LIMIT_WEBHOOK_SENDS: '2' })
  const { call } = await startPod(t, world)
  const { token } = await registerUser(call)
  const { id } = await makeWebhook(call, { token }, URL)
  const test = () => call('POST', `/v1/webhooks/${id}/test`, { token })
  t.equal((await test()).status, 202)
  const second = await test()
  t.equal(second.status, 202)
  const path = `/v1/webhooks/${id}/deliveries/${second.body.data.id}/redeliver`
  const refused = await call('POST', path, { token })
  isProblem(t, refused, { status: 429, code: 'too_many_requests' })
  t.ok(Number(refused.headers.get('retry-after')) > 0)
})
