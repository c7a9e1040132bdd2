import type { FastifyInstance } from 'fastify'
import t, { type Test as TapTest } from 'tap'
import type { Access } from '../../src/shared/principal.js'
import { scaled } from '../support/figures.js'

/*
 * Do the tests of the access matrix bite? Modules are put in place of others, for which the whole service is
 * loaded from its source again: several times what the matrix itself takes.
 */

type Api = typeof import('../../src/api.js')
type AccessModule = typeof import('../../src/shared/http/access.js')
type OrdersRepositoryModule = typeof import('../../src/orders/orders.repository.js')

/** dev/testing/groups.ts has this file run from its source in the long form alone. */
const inTheLongForm = { skip: scaled(1, 0) === 1 && 'npm run test:security runs it' }

/** The service with other modules in place of its own. */
const apiWith = (t: TapTest, planted: Readonly<Record<string, object>>): Promise<Api> =>
  t.mockImport('../../src/api.ts', { ...planted })

t.test('doors that somebody left open are found', inTheLongForm, async (t) => {
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
  const [{ createWorld }, { startAndCollect }, { readMatrix }, { walk }] = await Promise.all([
    import('../support/app.js'),
    import('../support/routes.js'),
    import('../support/access-matrix.js'),
    import('../support/access-walk.js'),
  ])
  const { startApi } = await apiWith(t, planted)
  const world = await createWorld(t)
  const pod = await startAndCollect(t, world, startApi)
  const names = ['GET /v1/users', 'POST /v1/products', 'GET /v1/orders/:id']
  const rows = readMatrix().filter(({ name }) => names.includes(name))
  const { faults } = await walk(world, pod, rows)
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

t.test('a route without a policy, in a domain of the real app, stops its boot', inTheLongForm, async (t) => {
  // What TypeScript refuses: it is the route of somebody who cast it away.
  const unguarded = {} as { config: { access: Access } }
  // A domain's plugin is swapped while the module loads, so that production needs no way in.
  const users = (app: FastifyInstance, _options: object, done: () => void) => {
    app.get('/v1/users/open', unguarded, () => 'open')
    done()
  }
  const [{ createWorld }, { loadApiConfig }, { createLogger }] = await Promise.all([
    import('../support/app.js'),
    import('../../src/shared/config.js'),
    import('../../src/shared/telemetry/logger.js'),
  ])
  const { startApi } = await apiWith(t, { '../../src/users/index.ts': { users } })
  const { env } = await createWorld(t)
  await t.rejects(startApi(loadApiConfig(env), createLogger({ level: 'silent', process: 'api' })), {
    name: 'MissingAccessError',
    message: 'GET /v1/users/open, HEAD /v1/users/open have no access policy: add config.access to the route',
  })
})
