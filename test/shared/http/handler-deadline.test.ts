import { PassThrough } from 'node:stream'
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

t.test('an answer that is on its way may take as long as its reader does', async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  registerErrorHandler(app)
  registerHandlerDeadline(app)
  const file = new PassThrough()
  file.write('its beginning, ')
  app.get('/file', { config: { access: 'public', deadlineMs: 100 } }, async (_request, reply) =>
    reply.send(file),
  )
  app.get('/hanging', { config: { access: 'public', deadlineMs: 100 } }, () => new Promise<never>(() => {}))
  const url = await app.listen({ port: 0 })
  const answer = await fetch(`${url}/file`)
  t.equal((await createCall(url)('GET', '/hanging')).status, 503, 'by then the time is over')
  file.end('its end')
  t.equal(await answer.text(), 'its beginning, its end')
})
