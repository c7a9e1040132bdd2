import Fastify, { type FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import { loadApiConfig } from '../../../src/shared/config.js'
import { registerAccess } from '../../../src/shared/http/access.js'
import type { Access } from '../../../src/shared/principal.js'
import { closeInOrder } from '../../../src/shared/shutdown.js'
import { createLogger } from '../../../src/shared/telemetry/logger.js'
import { createCall, createWorld, startPod, type World } from '../../support/app.js'
import { registerAdmin, registerUser } from '../../support/factories.js'
import { isProblem } from '../../support/problem.js'

type Api = typeof import('../../../src/api.js')
type MethodNotAllowed = typeof import('../../../src/shared/http/method-not-allowed.js')

const logger = createLogger({ level: 'silent', process: 'api' })

t.test('a route without an access policy stops the boot and is named', async (t) => {
  const guarded = () => {
    const app = Fastify()
    t.teardown(() => app.close())
    registerAccess(app, () => undefined)
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
  await t.test('in a domain of the real app', async (t) => {
    // A domain's plugin is swapped while the module loads, so that production needs no way in.
    const users = (app: FastifyInstance, _options: object, done: () => void) => {
      app.get('/v1/users/open', unguarded, () => 'open')
      done()
    }
    const { startApi }: Api = await t.mockImport('../../../src/api.ts', {
      '../../../src/users/index.ts': { users },
    })
    const { env } = await createWorld(t)
    const expected = noPolicy('GET /v1/users/open, HEAD /v1/users/open have')
    await t.rejects(startApi(loadApiConfig(env), logger), expected)
  })
})

interface Route {
  readonly method: string
  readonly path: string
  readonly access: Access
}

/** The real app, with a listener where it collects its methods: behind the guard, before the first route. */
const startAndCollect = async (t: Test, { env }: World) => {
  const routes: Route[] = []
  const collect = (app: FastifyInstance): void => {
    app.addHook('onRoute', ({ method, url, config, schema }) => {
      if (config === undefined || (schema?.hide && [method].flat().length > 1 && !url.startsWith('/docs')))
        return
      for (const each of [method].flat()) routes.push({ method: each, path: url, access: config.access })
    })
  }
  const real: MethodNotAllowed = await import('../../../src/shared/http/method-not-allowed.js')
  const collectMethods: MethodNotAllowed['collectMethods'] = (app) => {
    collect(app)
    return real.collectMethods(app)
  }
  const { startApi }: Api = await t.mockImport('../../../src/api.ts', {
    '../../../src/shared/http/method-not-allowed.ts': { collectMethods },
  })
  const { url, shutdownSteps } = await startApi(loadApiConfig(env), logger)
  t.teardown(() => closeInOrder(shutdownSteps, logger))
  return { routes, call: createCall(url) }
}

/** Everything that anybody may call. A route that is missing here must answer 401 to a stranger. */
const PUBLIC = [
  'GET /livez',
  'GET /openapi.json',
  'GET /readyz',
  'GET /v1/products',
  'GET /v1/products/:id',
  'POST /v1/auth/login',
  'POST /v1/auth/register',
]

t.test('every route of the app is closed to all but those whom it names', async (t) => {
  const world = await createWorld(t)
  const { routes, call } = await startAndCollect(t, world)
  const user = await registerUser(call)
  const admin = await registerAdmin(call, world)
  const open = routes.filter(({ access, path }) => access === 'public' && !path.startsWith('/docs'))
  const names = open.filter(({ method }) => method !== 'HEAD').map(({ method, path }) => `${method} ${path}`)
  t.strictSame(names.sort(), PUBLIC)

  for (const { method, path, access } of routes) {
    const name = `${method} ${path}`
    const target = path.replace(':id', '00000000-0000-7000-8000-000000000000')
    const anonymous = await call(method, target)
    t.ok(anonymous.status < 500, `${name}: no 5xx`)
    t.equal(anonymous.status === 401, access !== 'public', `${name} as a stranger: ${anonymous.status}`)
    if (access === 'public') continue
    t.equal(anonymous.headers.get('www-authenticate'), 'Bearer', name)
    if (method !== 'HEAD') isProblem(t, anonymous, { status: 401, code: 'unauthenticated' }, name)
    const asUser = await call(method, target, { token: user.token })
    t.equal(asUser.status === 403, typeof access === 'object', `${name} as a user: ${asUser.status}`)
    const asAdmin = await call(method, target, { token: admin.token })
    t.notOk(
      [401, 403].includes(asAdmin.status) || asAdmin.status >= 500,
      `${name} as admin: ${asAdmin.status}`,
    )
  }
  t.ok(routes.length > 20, `walked ${routes.length}`)
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
