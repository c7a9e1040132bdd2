import type { FastifyInstance } from 'fastify'
import type { Test as TapTest } from 'tap'
import { loadApiConfig } from '../../src/shared/config.js'
import { closeInOrder } from '../../src/shared/shutdown.js'
import { createLogger } from '../../src/shared/telemetry/logger.js'
import { createCall, type Pod, type World } from './app.js'

type Api = typeof import('../../src/api.js')
type MethodNotAllowed = typeof import('../../src/shared/http/method-not-allowed.js')

export interface Route {
  readonly method: string
  readonly path: string
}

export interface CollectedPod extends Pick<Pod, 'app' | 'url' | 'call'> {
  /** Every route, in the order of its registration; the answers to other methods (405) are none. */
  readonly routes: readonly Route[]
}

/**
 * Stands before two modules: fastify itself, so that no route is added before somebody listens, and what
 * refuses the other methods, since those refusals are routes to the framework alone.
 */
const listenFromTheStart = async () => {
  const routes: Route[] = []
  let refusing = false
  const fastify = await import('fastify')
  const refusals: MethodNotAllowed = await import('../../src/shared/http/method-not-allowed.js')
  const createFastify = (options: object): FastifyInstance => {
    const app = fastify.default(options)
    app.addHook('onRoute', ({ method, url }) => {
      if (!refusing) routes.push(...[method].flat().map((each) => ({ method: each, path: url })))
    })
    return app
  }
  const collectMethods: MethodNotAllowed['collectMethods'] = (app) => {
    const refuse = refusals.collectMethods(app)
    return () => {
      refusing = true
      refuse()
      refusing = false
    }
  }
  const mocks = {
    fastify: { ...fastify, default: createFastify },
    '../../src/shared/http/method-not-allowed.ts': { ...refusals, collectMethods },
  }
  return { mocks, routes }
}

/** A plugin's `/` is also there as the plugin's prefix with a slash behind it, and nobody is told. */
const withSlashes = (app: FastifyInstance, routes: readonly Route[]): Route[] => {
  const known = new Set(routes.map(({ method, path }) => `${method} ${path}`))
  const twins = routes
    .filter(({ path }) => !path.endsWith('*'))
    .map(({ method, path }) => ({ method, path: `${path}/` }))
  const untold = twins.filter(
    ({ method, path }) => !known.has(`${method} ${path}`) && app.hasRoute({ method, url: path }),
  )
  return [...routes, ...untold]
}

/**
 * Starts the real app in this process and says which routes it has, from its own mouth.
 * @param planted modules to put in place of others, by their paths from here: holes that a test is to find
 */
export const startAndCollect = async (
  t: TapTest,
  { env }: World,
  planted: Readonly<Record<string, object>> = {},
): Promise<CollectedPod> => {
  const { mocks, routes } = await listenFromTheStart()
  const { startApi }: Api = await t.mockImport('../../src/api.ts', { ...mocks, ...planted })
  const logger = createLogger({ level: 'silent', process: 'api' })
  const { app, url, shutdownSteps } = await startApi(loadApiConfig(env), logger)
  t.teardown(() => closeInOrder(shutdownSteps, logger))
  return { app, url, routes: withSlashes(app, routes), call: createCall(url) }
}
