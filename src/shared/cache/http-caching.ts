import caching from '@fastify/caching'
import type { FastifyInstance } from 'fastify'

/**
 * Nothing behind the plugin's own ETag hooks: they look a response up by its tag alone, in front of the
 * access check, so that whoever knows a tag would get a 304 for what he may not see.
 */
const noStore = {
  get: (_key: unknown, done: (error: unknown, result: null) => void) => done(null, null),
  set: (_key: unknown, _value: unknown, _ttl: number, done: (error: unknown) => void) => done(null),
}

/** Tells browsers and proxies to keep nothing, unless a route says otherwise. */
export const registerHttpCaching = async (app: FastifyInstance): Promise<void> => {
  await app.register(caching, {
    privacy: 'no-store',
    // The plugin's type asks for the promise form as well, which only its users call.
    cache: noStore as NonNullable<caching.FastifyCachingPluginOptions['cache']>,
  })
}
