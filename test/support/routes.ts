import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { FastifyInstance } from 'fastify'
import { startApi } from '../../src/api.js'
import { loadApiConfig } from '../../src/shared/config.js'
import { closeInOrder } from '../../src/shared/shutdown.js'
import { createLogger } from '../../src/shared/telemetry/logger.js'
import { createCall, type Pod, type World } from './app.js'
import type { Test } from './environment.js'

export interface Route {
  readonly method: string
  readonly path: string
}

export interface CollectedPod extends Pick<Pod, 'app' | 'url' | 'call'> {
  /** Every route, in the order of its registration; the answers to other methods (405) are none. */
  readonly routes: readonly Route[]
}

/** What is added in one go: a route by a method, or by several. */
interface Addition {
  readonly path: string
  readonly methods: readonly string[]
}

type InitialisationMessage = { readonly fastify: FastifyInstance }

/** Runs `start` and listens to each app from the moment that it is made, so that no route is added before. */
const listenFromTheStart = async <T extends { readonly app: FastifyInstance }>(start: () => Promise<T>) => {
  const additions = new Map<FastifyInstance, Addition[]>()
  const listen = (message: unknown) => {
    // What the framework's documentation says of this channel.
    const { fastify } = message as InitialisationMessage
    const own: Addition[] = []
    additions.set(fastify, own)
    fastify.addHook('onRoute', ({ method, url }) => {
      own.push({ path: url, methods: [method].flat() })
    })
  }
  subscribe('fastify.initialization', listen)
  try {
    const started = await start()
    return { ...started, additions: additions.get(started.app) ?? [] }
  } finally {
    unsubscribe('fastify.initialization', listen)
  }
}

/** What refuses the methods that an address does not have is a route to the framework alone. */
const isRefusal = async (app: FastifyInstance, { path, methods }: Addition): Promise<boolean> => {
  const answers = await Promise.all(
    methods.map(async (method) => {
      // Some of them are names that the types of the injection do not have.
      const { statusCode } = await app.inject({ method: method as 'GET', url: path })
      return statusCode
    }),
  )
  return answers.every((status) => status === 405)
}

const withoutRefusals = async (app: FastifyInstance, additions: readonly Addition[]): Promise<Route[]> => {
  const routes: Route[] = []
  for (const addition of additions) {
    // A route of ours has one method, and is not to be called before its time.
    if (addition.methods.length > 1 && (await isRefusal(app, addition))) continue
    routes.push(...addition.methods.map((method) => ({ method, path: addition.path })))
  }
  return routes
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
 * @param start another one in its place: with holes that a test is to find
 */
export const startAndCollect = async (
  t: Test,
  { env }: World,
  start: typeof startApi = startApi,
): Promise<CollectedPod> => {
  const logger = createLogger({ level: 'silent', process: 'api' })
  const { app, url, shutdownSteps, additions } = await listenFromTheStart(() =>
    start(loadApiConfig(env), logger),
  )
  t.teardown(() => closeInOrder(shutdownSteps, logger))
  const routes = withSlashes(app, await withoutRefusals(app, additions))
  return { app, url, routes, call: createCall(url) }
}
