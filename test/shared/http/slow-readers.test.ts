import { connect } from 'node:net'
import t from 'tap'
import { createWorld, startPod } from '../../support/app.js'
import { until } from '../../support/until.js'

const ROUTE = '/v1/products'
/** Together more than the system takes on the way to a client that does not read. */
const PAGES = 12
const TIMES_SOONER = 100

t.test('who does not read his answers is cut off', async (t) => {
  const world = await createWorld(t)
  const { app, url, call, log } = await startPod(t, world)
  await world.database
    .sql`insert into products (id, sku, name, description, price_amount, price_currency, stock)
    select gen_random_uuid(), 'sku-' || n, 'Mug', repeat('x', 9000), 100, 'EUR', 1 from generate_series(1, 100) as n`
  app.server.timeout /= TIMES_SOONER
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  t.teardown(() => socket.destroy())
  socket.on('error', () => {})
  socket.pause()
  socket.write(`GET ${ROUTE}?limit=100 HTTP/1.1\r\nhost: x\r\n\r\n`.repeat(PAGES))
  const find = (msg: string) => log.find((line) => line['route'] === ROUTE && line['msg'] === msg)
  await until('the first answer to be on its way', () => find('request'))
  t.match(await until('it to be cut off', () => find('request abandoned')), { status: 200 })
  t.equal((await call('GET', `${ROUTE}?limit=1`)).status, 200, 'others are served')
})
