import Fastify, { type FastifyInstance } from 'fastify'
import t from 'tap'
import { registerAccess } from '../../../src/shared/http/access.js'
import type { Access } from '../../../src/shared/principal.js'
import { createWorld, startPod } from '../../support/app.js'
import { registerUser } from '../../support/factories.js'

t.test('a route without an access policy stops the boot and is named', async (t) => {
  const guarded = () => {
    const app = Fastify()
    t.teardown(() => app.close())
    registerAccess(
      app,
      () => undefined,
      async () => {},
    )
    return app
  }
  // What TypeScript refuses: it is the route of somebody who cast it away.
  const unguarded = {} as { config: { access: Access } }

  const noPolicy = (routes: string) => ({
    name: 'MissingAccessError',
    message: `${routes} no access policy: add config.access to the route`,
  })

  await t.test('in the root', async (t) => {
    const app = guarded()
    app.post('/v1/open', unguarded, () => 'open')
    await t.rejects(async () => app.ready(), noPolicy('POST /v1/open has'))
    await t.rejects(async () => app.listen({ port: 0 }), noPolicy('POST /v1/open has'))
  })
  await t.test('in a plugin with a prefix, all of them at once', async (t) => {
    const app = guarded()
    const plugin = (subtree: FastifyInstance, _options: object, done: () => void) => {
      subtree.put('/open', unguarded, () => 'open')
      subtree.delete('/open', unguarded, () => 'open')
      done()
    }
    app.register(plugin, { prefix: '/v2' })
    await t.rejects(async () => app.ready(), noPolicy('PUT /v2/open, DELETE /v2/open have'))
  })
})

t.test('an authorization header in any form opens the door or does not, and never breaks it', async (t) => {
  const { call } = await startPod(t, await createWorld(t))
  const { token } = await registerUser(call)
  const cases: [string, number[]][] = [
    [`Bearer ${token}`, [200]],
    [`bearer ${token}`, [200]],
    [`BEARER ${token}`, [200, 401]],
    [`Bearer  ${token}`, [200, 401]],
    [`Bearer ${token} more`, [401]],
    [`Bearer ${token},Bearer ${token}`, [401]],
    [`Basic ${Buffer.from('a:b').toString('base64')}`, [401]],
    [token, [401]],
    ['Bearer', [401]],
    ['Bearer ', [401]],
    ['Bearer null', [401]],
    ['Bearer ..', [401]],
    ['Bearer e30.e30.e30', [401]],
    [`Bearer ${'x'.repeat(8_000)}`, [401]],
    ['Bearer \u00ff\u00fe', [401]],
    ['', [401]],
  ]
  for (const [authorization, allowed] of cases) {
    const { status } = await call('GET', '/v1/users/me', { headers: { authorization } })
    t.ok(allowed.includes(status), `${authorization.slice(0, 20)}: ${status}`)
  }
})
