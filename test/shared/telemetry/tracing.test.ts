import t from 'tap'
import { createWorld, startPod, startWorkerPod } from '../../support/app.js'
import { createProduct, registerAdmin, unique } from '../../support/factories.js'
import { KINDS, type OtlpReceiver, type ReceivedSpan, startOtlp } from '../../support/otlp.js'
import { untilOutboxClosed } from '../../support/outbox.js'
import { until } from '../../support/until.js'

const TRACE_ID = '0af7651916cd43dd8448eb211c80319c'
const CALLER = 'b7ad6b7169203331'
const traced = { traceparent: `00-${TRACE_ID}-${CALLER}-01` }
const newUser = () => ({
  email: `${unique('zoe')}@example.com`,
  password: unique('Quite-a-secret'),
  name: 'Zaphod',
})

const spanOf = ({ spans }: OtlpReceiver, name: string, more: Partial<ReceivedSpan> = {}) =>
  until(`the span ${name}`, () =>
    spans.find((span) => {
      const wanted = Object.entries({ ...more, name })
      return wanted.every(([key, value]) => Reflect.get(span, key) === value)
    }),
  )

const tracedWorld = async (t: Parameters<typeof createWorld>[0], overrides: Record<string, string> = {}) => {
  const otlp = await startOtlp(t)
  const headers = 'authorization=Bearer%20of-the-collector,x-tenant=shop'
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: otlp.url, OTEL_EXPORTER_OTLP_HEADERS: headers, ...overrides }
  return { otlp, world: await createWorld(t, env) }
}

t.test('with a receiver', async (t) => {
  const { otlp, world } = await tracedWorld(t)
  const pod = await startPod(t, world)
  const worker = await startWorkerPod(t, world)

  await t.test(
    'one trace from the request through the outbox to the worker and its statements',
    async (t) => {
      const user = newUser()
      const answer = await pod.call('POST', '/v1/auth/register', { body: user, headers: traced })
      t.equal(answer.status, 201)
      const [row] = await untilOutboxClosed(world)
      const inTrace = { traceId: TRACE_ID }
      const job = await spanOf(otlp, 'process send-welcome', inTrace)
      const request = await spanOf(otlp, 'POST /v1/auth/register', inTrace)
      const sending = await spanOf(otlp, 'send send-welcome', inTrace)

      await t.test('each is a child of what caused it', async (t) => {
        t.match(request, { service: 'unnest-api', kind: KINDS.server, parentSpanId: CALLER, failed: false })
        t.match(request.attributes, { 'http.route': '/v1/auth/register', 'http.response.status_code': 201 })
        t.match(sending, { service: 'unnest-api', kind: KINDS.producer, parentSpanId: request.spanId })
        t.equal(row?.traceparent, `00-${TRACE_ID}-${sending.spanId}-01`)
        t.match(job, {
          service: 'unnest-worker',
          kind: KINDS.consumer,
          parentSpanId: sending.spanId,
          failed: false,
        })
        t.match(job.attributes, { 'messaging.destination.name': 'mail', 'messaging.message.id': row?.id })
        t.match(job.attributes, { 'unnest.job.attempt': 1, 'unnest.job.outcome': 'done' })
        t.match(await spanOf(otlp, 'send mail', inTrace), { kind: KINDS.client, parentSpanId: job.spanId })
      })

      await t.test('statements too, on both sides, by their text and no values', async (t) => {
        for (const { parent, service } of [
          { parent: request, service: 'unnest-api' },
          { parent: job, service: 'unnest-worker' },
        ]) {
          const statements = otlp.spans.filter(
            ({ parentSpanId, attributes }) => parentSpanId === parent.spanId && attributes['db.query.text'],
          )
          t.ok(statements.length > 0, `${statements.length} of ${service}`)
          for (const statement of statements)
            t.match(statement, { service, kind: KINDS.client, traceId: TRACE_ID })
          t.ok(statements.some(({ attributes }) => /\$1/.test(String(attributes['db.query.text']))))
        }
        await spanOf(otlp, 'TRANSACTION', { ...inTrace, parentSpanId: request.spanId })
      })

      await t.test('what nobody asked for makes none, and the log has the same trace', async (t) => {
        // The worker's own schedule sends a job, which begins a trace.
        const roots = otlp.spans.filter(({ parentSpanId }) => !parentSpanId)
        t.ok(roots.every(({ name }) => name === 'send sweep-stored-files'))
        for (const { log } of [pod, worker])
          await until('the line', () => log.find(({ traceId }) => traceId === TRACE_ID))
        t.match(otlp.headers[0], { authorization: 'Bearer of-the-collector', 'x-tenant': 'shop' })
      })
    },
  )

  await t.test('no personal data, no address and no secret leaves in a trace', async (t) => {
    const { call } = pod
    const user = newUser()
    const { name: _name, ...logIn } = user
    await call('POST', '/v1/auth/register', { body: user })
    await call('POST', '/v1/auth/register', { body: user })
    const { body } = await call('POST', '/v1/auth/login', { body: logIn })
    const { accessToken: token, refreshToken } = body.data
    const product = await createProduct(call, await registerAdmin(call, world))
    const items = [{ productId: product.id, quantity: 1 }]
    const order = await call('POST', '/v1/orders', { token, body: { items } })
    await call('GET', `/v1/orders/${order.body.data.id}?hush=query-secret`, { token })
    await call('GET', '/v1/products?q=searched-for')
    await fetch(`${pod.url}/nowhere/at/all`, { method: 'PROPFIND' })
    await untilOutboxClosed(world)
    await spanOf(otlp, 'process send-order-confirmation')
    await world.database.sql`alter table orders rename to elsewhere`
    t.equal((await call('POST', '/v1/orders', { token, body: { items } })).status, 500)
    await spanOf(otlp, 'other')
    const failed = await spanOf(otlp, 'POST /v1/orders', { failed: true })
    t.match(failed.attributes, { 'http.response.status_code': 500, 'error.type': '500' })
    await until('the statement that failed', () =>
      otlp.spans.some(({ parentSpanId, attributes }) => {
        return parentSpanId === failed.spanId && attributes['error.type'] === '42P01'
      }),
    )

    const sent = otlp.bodies.join()
    const secrets = { ...user, token, refreshToken, order: order.body.data.id, product: product.id }
    for (const [what, secret] of Object.entries(secrets)) t.notOk(sent.includes(secret), `no ${what}`)
    for (const text of [
      'example.com',
      'argon2id$',
      'query-secret',
      'searched-for',
      'PROPFIND',
      'nowhere',
      'eyJ',
    ]) {
      t.notOk(sent.includes(text), `no ${text}`)
    }
  })
})

t.test('who begins a trace decides whether it is kept, and here a share of them', async (t) => {
  const { otlp, world } = await tracedWorld(t, { OTEL_TRACES_SAMPLER_ARG: '0' })
  const { call } = await startPod(t, world)
  await startWorkerPod(t, world)
  await call('POST', '/v1/auth/register', { body: newUser() })
  const notKept = { traceparent: traced.traceparent.replace(/01$/, '00') }
  await call('POST', '/v1/auth/register', { body: newUser(), headers: notKept })
  const kept = await call('POST', '/v1/auth/register', { body: newUser(), headers: traced })
  t.equal(kept.status, 201)
  const rows = await untilOutboxClosed(world)
  t.strictSame(
    rows.map(({ traceparent }) => traceparent?.slice(-2)),
    ['00', '00', '01'],
  )
  await spanOf(otlp, 'process send-welcome')
  t.strictSame([...new Set(otlp.spans.map(({ traceId }) => traceId))], [TRACE_ID])
})
