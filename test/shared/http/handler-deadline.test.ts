import Fastify from 'fastify'
import t from 'tap'
import { registerErrorHandler } from '../../../src/shared/http/error-handler.js'
import { registerHandlerDeadline } from '../../../src/shared/http/handler-deadline.js'
import { createCall } from '../../support/app.js'

const LIMIT_MS = 5_000

t.test('a handler that waits for ever is answered 503 in time, with and without a body', async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  registerErrorHandler(app)
  registerHandlerDeadline(app)
  const neverDone = () => new Promise<never>(() => {})
  app.get('/hanging', neverDone)
  app.post('/hanging', neverDone)
  app.get('/prompt', async () => ({ fine: true }))
  const call = createCall(await app.listen({ port: 0 }))

  const begun = performance.now()
  const answers = await Promise.all([
    call('GET', '/hanging'),
    call('POST', '/hanging', { body: { some: 'thing' } }),
    call('GET', '/prompt'),
  ])
  t.ok(performance.now() - begun < LIMIT_MS)
  t.strictSame(
    answers.map(({ status }) => status),
    [503, 503, 200],
  )
  for (const { body, headers } of answers.slice(0, 2)) {
    t.match(body, { code: 'unavailable', requestId: String })
    t.ok(headers.get('retry-after'))
  }
})
