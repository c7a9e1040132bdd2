import t from 'tap'
import { createWorld, startPod, startWorkerPod } from '../support/app.js'
import { createProduct, registerAdmin, registerUser } from '../support/factories.js'
import { mailFiles, readMailFile } from '../support/mail.js'
import { untilOutboxClosed } from '../support/outbox.js'

const NAME = 'Ada <script>alert(1)</script>'
const ESCAPED_NAME = 'Ada &lt;script&gt;alert(1)&lt;/script&gt;'
const PRODUCT = `Mug "de luxe" & 'Sons'`
const ESCAPED_PRODUCT = 'Mug &quot;de luxe&quot; &amp; &#39;Sons&#39;'

t.test('registering and ordering send one mail each', async (t) => {
  const world = await createWorld(t)
  const { call } = await startPod(t, world)
  const worker = await startWorkerPod(t, world)
  const admin = await registerAdmin(call, world)
  const ada = await registerUser(call, NAME)
  const mug = await createProduct(call, admin, { name: PRODUCT })
  const yen = await createProduct(call, admin, { name: 'Chawan', price: { amount: 1500, currency: 'JPY' } })
  const order = async (productId: string, quantity: number): Promise<string> => {
    const items = [{ productId, quantity }]
    const { body } = await call('POST', '/v1/orders', { token: ada.token, body: { items } })
    return body.data.id
  }
  const orderId = await order(mug.id, 3)
  const yenOrderId = await order(yen.id, 2)

  const rows = await untilOutboxClosed(world)
  const keys = [
    `send-order-confirmation-${orderId}`,
    `send-order-confirmation-${yenOrderId}`,
    `send-welcome-${ada.id}`,
    `send-welcome-${admin.id}`,
  ].sort()
  const events = [orderId, yenOrderId].map((id) => `publish-order-event-${id}-1`)
  t.strictSame(rows.map(({ key }) => key).sort(), [...events, ...keys].sort())
  t.ok(rows.every(({ failure, handovers }) => failure === null && handovers === 1))
  t.strictSame(
    mailFiles(world.mailDir),
    keys.map((key) => `${key}.eml`),
    'no other file, and none unfinished',
  )
  t.notOk(worker.log.some(({ level }) => Number(level) >= 40))

  await t.test('the welcome, its HTML escaped', async (t) => {
    const { headers, text, html } = readMailFile(world.mailDir, `send-welcome-${ada.id}`)
    t.strictSame(headers.get('to'), [ada.email])
    t.strictSame(headers.get('subject'), ['Welcome to Unnest'])
    t.strictSame(headers.get('from'), ['Unnest <no-reply@unnest.example>'])
    t.match(headers.get('message-id')?.[0], `<send-welcome-${ada.id}@`)
    t.match(text, `Hello ${NAME},`, 'the text is not HTML')
    t.match(html, `Hello ${ESCAPED_NAME},`)
    t.notMatch(html, '<script>')
  })

  await t.test('the confirmation, with what was ordered and its price', async (t) => {
    const { headers, text, html } = readMailFile(world.mailDir, `send-order-confirmation-${orderId}`)
    t.strictSame(headers.get('to'), [ada.email])
    t.strictSame(headers.get('subject'), [`Your order ${orderId}`])
    t.match(text, `3 x ${PRODUCT}, €19.99 each`)
    t.match(text, 'Total: €59.97')
    t.match(html, `3 x ${ESCAPED_PRODUCT}, €19.99 each`)
    t.match(html, 'Total: €59.97')
    t.match(html, ESCAPED_NAME)
    t.notMatch(html, PRODUCT)
    t.match(
      readMailFile(world.mailDir, `send-order-confirmation-${yenOrderId}`).text,
      'Total: ¥3,000',
      'yen have no minor unit',
    )
  })
})

t.test('each step of an order is told to its buyer, once', async (t) => {
  const world = await createWorld(t)
  const { call } = await startPod(t, world)
  await startWorkerPod(t, world)
  const admin = await registerAdmin(call, world)
  const ada = await registerUser(call, NAME)
  const mug = await createProduct(call, admin)
  const walk = async (verbs: readonly string[]): Promise<string> => {
    const items = [{ productId: mug.id, quantity: 1 }]
    const { body } = await call('POST', '/v1/orders', { token: ada.token, body: { items } })
    for (const verb of verbs) await call('POST', `/v1/orders/${body.data.id}/${verb}`, { token: admin.token })
    return body.data.id
  }
  const delivered = await walk(['confirm', 'ship', 'deliver', 'deliver'])
  const cancelled = await walk(['cancel', 'cancel'])
  await untilOutboxClosed(world)

  const told = mailFiles(world.mailDir).filter((file) => file.startsWith('send-order-update-'))
  const news: readonly [string, string, string][] = [
    [delivered, 'confirmed', 'is confirmed'],
    [delivered, 'shipped', 'is on its way'],
    [delivered, 'delivered', 'was delivered'],
    [cancelled, 'cancelled', 'was cancelled'],
  ]
  t.strictSame(told.sort(), news.map(([id, status]) => `send-order-update-${id}-${status}.eml`).sort())
  for (const [id, status, words] of news) {
    const { headers, text, html } = readMailFile(world.mailDir, `send-order-update-${id}-${status}`)
    t.strictSame(headers.get('to'), [ada.email], status)
    t.strictSame(headers.get('subject'), [`Your order ${id} ${words}`], status)
    t.match(text, `Hello ${NAME},\n\nyour order ${id} ${words}`, status)
    t.match(html, `Hello ${ESCAPED_NAME},`, status)
  }
})

t.test('line breaks in a name or an address are refused at the door', async (t) => {
  const world = await createWorld(t)
  const { call } = await startPod(t, world)
  const good = { email: 'ada@example.com', name: 'Ada', password: 'correct horse battery staple' }
  const hostile: [object, string][] = [
    [{ name: 'Ada\r\nBcc: eve@example.com' }, 'name'],
    [{ name: 'Ada\nBcc: eve@example.com' }, 'name'],
    [{ name: 'Ada\u0000' }, 'name'],
    [{ email: 'ada@example.com\r\nBcc: eve@example.com' }, 'email'],
    [{ email: 'ada@example.com\n' }, 'email'],
    [{ email: 'ada@example.com, eve@example.com' }, 'email'],
    [{ email: '"Ada" <ada@example.com>' }, 'email'],
  ]
  for (const [part, path] of hostile) {
    const { status, body } = await call('POST', '/v1/auth/register', { body: { ...good, ...part } })
    t.equal(status, 400, JSON.stringify(part))
    t.match(body, { code: 'validation_failed', errors: [{ path }] }, JSON.stringify(part))
  }
  const [row] = await world.database.sql`select (select count(*) from users)::int as users,
    (select count(*) from outbox)::int as jobs`
  t.strictSame({ ...row }, { users: 0, jobs: 0 })
})
