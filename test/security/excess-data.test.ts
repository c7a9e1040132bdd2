import t from 'tap'
import { createWorld, startPod } from '../support/app.js'
import { excessIn, secretsIn } from '../support/excess.js'
import { type Document, operationOf } from '../support/openapi.js'
import { changedTables, takeSnapshot } from '../support/snapshot.js'
import { createStages, type Person } from '../support/stage.js'

t.test('what the account routes refuse tells nothing that is not declared', async (t) => {
  const world = await createWorld(t)
  const { sql } = world.database
  const { app, call } = await startPod(t, world)
  const { owner, admin } = await (await createStages(world, { app, call })).setStage()
  const document: Document = (await call('GET', '/openapi.json')).body
  const { email, password } = owner
  const nobody = '00000000-0000-7000-8000-000000000000'
  const refusals: [number, string, string, (object | undefined)?, Person?][] = [
    [409, 'POST /v1/auth/register', '', { email, password, name: 'Ada' }],
    [401, 'POST /v1/auth/login', '', { email, password: 'something else' }],
    [401, 'POST /v1/auth/refresh', '', { refreshToken: 'something else' }],
    [400, 'POST /v1/auth/verify-email', '', { token: 'something else' }],
    [400, 'POST /v1/auth/password/reset', '', { token: 'something else', password: `${password}!` }],
    [
      401,
      'POST /v1/auth/password/change',
      '',
      { currentPassword: 'other', newPassword: `${password}!` },
      owner,
    ],
    [404, 'DELETE /v1/auth/sessions/:id', admin.sessionId, undefined, owner],
    [404, 'GET /v1/users/:id', nobody, undefined, owner],
    [403, 'GET /v1/users', '', undefined, owner],
    [403, 'PATCH /v1/users/:id', owner.id, { role: 'admin' }, owner],
    [404, 'PATCH /v1/users/:id', nobody, { role: 'admin' }, admin],
  ]
  const secrets = await secretsIn(sql)
  const before = await takeSnapshot(sql)
  for (const [status, name, id, body, person] of refusals) {
    const [method = '', template = ''] = name.split(' ')
    const options = { ...(body && { body }), ...(person && { token: person.token }) }
    const answer = await call(method, template.replace(':id', id), options)
    t.equal(answer.status, status, name)
    t.strictSame(excessIn(operationOf(document, name), answer, secrets), [], name)
  }
  const changed = changedTables(before, await takeSnapshot(sql))
  t.strictSame(changed, ['audit_log'], 'only the audit tells of it')
})

t.test('an answer with something that is not declared is found', async (t) => {
  const schema = {
    properties: { data: { items: { properties: { id: {}, name: {} }, required: ['id', 'name'] } } },
    required: ['data'],
  }
  const operation = { responses: { 200: { content: { 'application/json': { schema } } }, 204: {} } }
  const look = (status: number, body: unknown, secrets: readonly string[] = []) => {
    const text = body === undefined ? '' : JSON.stringify(body)
    return excessIn(operation, { status, body, text, headers: new Headers() }, secrets)
  }
  t.strictSame(look(200, { data: [{ id: 1, name: 'a' }] }), [])
  t.strictSame(
    look(200, {
      data: [
        { id: 1, name: 'a' },
        { id: 2, role: 'user' },
      ],
    }),
    ['200: .data[].role is not declared', '200: .data[].name is missing'],
  )
  t.strictSame(look(200, { data: [{ id: 1, name: 'c0ffee' }] }, ['c0ffee']), [
    '200: what is kept of a secret',
  ])
  t.match(look(200, { data: [], passwordHash: 'a' }), ['200: .passwordHash is not declared', /passwordHash/])
  t.strictSame(look(204, undefined), [])
  t.match(look(204, { data: [] }), ['204: .data is not declared', '204: a body'])
})
