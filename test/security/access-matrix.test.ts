import type { FastifyInstance } from 'fastify'
import t from 'tap'
import { loadApiConfig } from '../../src/shared/config.js'
import type { Access } from '../../src/shared/principal.js'
import { createLogger } from '../../src/shared/telemetry/logger.js'
import { CALLERS, gapsOf, readMatrix } from '../support/access-matrix.js'
import { requests } from '../support/access-requests.js'
import { walk } from '../support/access-walk.js'
import { createWorld } from '../support/app.js'
import { figure } from '../support/figures.js'
import { startAndCollect } from '../support/routes.js'

type Api = typeof import('../../src/api.js')
type AccessModule = typeof import('../../src/shared/http/access.js')
type OrdersRepositoryModule = typeof import('../../src/orders/orders.repository.js')

t.test(
  'every route gives each caller what docs/access.md says, and nobody what is the owner’s',
  async (t) => {
    const world = await createWorld(t)
    const pod = await startAndCollect(t, world)
    const rows = readMatrix()
    t.strictSame(gapsOf(pod.routes, rows, requests), [], 'the matrix is whole')
    const { calls, faults } = await walk(t, world, pod, rows)
    t.strictSame(faults, [])
    t.equal(calls, pod.routes.length * CALLERS.length, 'every route, HEAD too, as every caller')
    figure(t, `row 19: ${pod.routes.length} routes x ${CALLERS.length} callers, ${faults.length} leaks`)
  },
)

t.test('what the matrix leaves out is named', async (t) => {
  const table = (...lines: string[]) =>
    ['| route | anonymous | user | other user | admin |', '|---|---|---|---|---|', ...lines].join('\n')
  const rows = readMatrix(
    table('| `GET /a` | 200 | 200 | 200 | 200 |', '| `POST /b` | 401 | 403 | 403 | 201 |'),
  )
  const [a, b] = [
    { method: 'GET', path: '/a' },
    { method: 'POST', path: '/b' },
  ]
  const both = { 'GET /a': true, 'POST /b': true }
  const head = { method: 'HEAD', path: '/a' }
  const open = { method: 'POST', path: '/v1/open' }
  t.strictSame(gapsOf([a, head, b], rows, both), [], 'a whole one has no gaps')
  t.strictSame(gapsOf([a, b, open], rows, both), ['POST /v1/open has no row in docs/access.md'])
  t.strictSame(gapsOf([head, b, open], rows.slice(1), { 'POST /b': true }), [
    'GET /a has no row in docs/access.md',
    'POST /v1/open has no row in docs/access.md',
  ])
  t.strictSame(gapsOf([b], rows, both), ['GET /a has a row in docs/access.md, but is no route'])
  t.strictSame(gapsOf([a, b], rows, { 'GET /a': true }), [
    'POST /b has no request in test/support/access-requests.ts',
  ])
  t.strictSame(gapsOf([a, b], rows, { ...both, 'GET /c': true }), [
    'GET /c has a request in test/support/access-requests.ts, but no row',
  ])
  t.strictSame(gapsOf([a, b], [...rows, ...rows.slice(1)], both), ['POST /b has two rows in docs/access.md'])
  for (const line of [
    '| GET /a | 200 | 200 | 200 | 200 |',
    '| `GET /a` | 200 | 200 | 200 |',
    '| `GET /a` | 200 | 200 | - | 200 |',
    '| `POST /a` | 401 | 400 | 404 | 200 |',
  ])
    t.throws(() => readMatrix(table(line)), { message: `this is no row of the matrix: ${line}` }, line)
  t.throws(() => readMatrix(''), { message: 'the table must begin with' })
})

t.test('doors that somebody left open are found', async (t) => {
  const access: AccessModule = await import('../../src/shared/http/access.js')
  const orders: OrdersRepositoryModule = await import('../../src/orders/orders.repository.js')
  const planted = {
    // The admin's routes are open, and whoever knows an order's id may see it.
    '../../src/shared/http/access.ts': {
      ...access,
      registerAccess: ((app, hookFor, limit) =>
        access.registerAccess(
          app,
          (policy) => (typeof policy === 'object' ? undefined : hookFor(policy)),
          limit,
        )) satisfies AccessModule['registerAccess'],
    },
    '../../src/orders/orders.repository.ts': {
      ...orders,
      createOrdersRepository: ((executor) => {
        const repository = orders.createOrdersRepository(executor)
        return { ...repository, findOrder: (id) => repository.findOrder(id) }
      }) satisfies OrdersRepositoryModule['createOrdersRepository'],
    },
  }
  const world = await createWorld(t)
  const pod = await startAndCollect(t, world, planted)
  const names = ['GET /v1/users', 'POST /v1/products', 'GET /v1/orders/:id']
  const rows = readMatrix().filter(({ name }) => names.includes(name))
  const { faults } = await walk(t, world, pod, rows)
  t.strictSame(faults, [
    'GET /v1/users as anonymous: 200 instead of 401',
    'GET /v1/users as anonymous: shows the owner’s id,name,email',
    'GET /v1/users by HEAD as anonymous: 200 instead of 401',
    'GET /v1/users as user: 200 instead of 403',
    'GET /v1/users by HEAD as user: 200 instead of 403',
    'GET /v1/users as other user: 200 instead of 403',
    'GET /v1/users as other user: shows the owner’s id,name,email',
    'GET /v1/users by HEAD as other user: 200 instead of 403',
    // The audit entry needs somebody: without a guard there is nobody, not even the admin.
    'POST /v1/products as user: 401 instead of 403',
    'POST /v1/products as other user: 401 instead of 403',
    'POST /v1/products as admin: 401 instead of 201',
    'GET /v1/orders/:id as other user: 200 instead of 404',
    'GET /v1/orders/:id as other user: shows the owner’s id,orderId',
    'GET /v1/orders/:id by HEAD as other user: 200 instead of 404',
  ])
})

t.test('a route without a policy, in a domain of the real app, stops its boot', async (t) => {
  // What TypeScript refuses: it is the route of somebody who cast it away.
  const unguarded = {} as { config: { access: Access } }
  // A domain's plugin is swapped while the module loads, so that production needs no way in.
  const users = (app: FastifyInstance, _options: object, done: () => void) => {
    app.get('/v1/users/open', unguarded, () => 'open')
    done()
  }
  const { startApi }: Api = await t.mockImport('../../src/api.ts', { '../../src/users/index.ts': { users } })
  const { env } = await createWorld(t)
  await t.rejects(startApi(loadApiConfig(env), createLogger({ level: 'silent', process: 'api' })), {
    name: 'MissingAccessError',
    message: 'GET /v1/users/open, HEAD /v1/users/open have no access policy: add config.access to the route',
  })
})
