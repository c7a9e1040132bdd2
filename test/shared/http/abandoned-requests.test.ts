import { once } from 'node:events'
import { connect } from 'node:net'
import t from 'tap'
import { createWorld, type Pod, startPod } from '../../support/app.js'
import { createProduct, registerAdmin, registerUser } from '../../support/factories.js'
import { until } from '../../support/until.js'

/** Sends a whole request, and hangs up when it is in hand. */
const hangUp = async ({ url }: Pod, text: string, isInHand: () => Promise<boolean>): Promise<void> => {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  socket.write(text)
  await until('the request to be in hand', isInHand)
  socket.destroy()
  await once(socket, 'close')
}

const portIn = (log: Pod['log']): number =>
  Number(log.find(({ msg }) => msg === 'metrics and health are served')?.['port'])

t.test('a request whose client has gone is in the log and among the figures', async (t) => {
  const world = await createWorld(t)
  const { sql } = world.database
  const pod = await startPod(t, world)
  const { call, log } = pod
  const { id } = await createProduct(call, await registerAdmin(call, world))
  const ada = await registerUser(call)
  const line = (requestId: string, msg: string) =>
    log.find((each) => each['requestId'] === requestId && each['msg'] === msg)
  const isWaiting = async () => {
    const [row] = await sql`select count(*)::int as waiting from pg_stat_activity
      where datname = current_database() and wait_event_type = 'Lock'`
    return row?.['waiting'] > 0
  }
  const whileLocked = (work: () => Promise<void>) =>
    sql.begin(async (transaction) => {
      await transaction`lock table products in access exclusive mode`
      await work()
    })
  const body = JSON.stringify({ items: [{ productId: id, quantity: 1 }] })
  const order = (requestId: string) =>
    `POST /v1/orders HTTP/1.1\r\nhost: x\r\nx-request-id: ${requestId}\r\nauthorization: Bearer ${ada.token}\r\n` +
    `content-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`
  const read = `GET /v1/products/${id} HTTP/1.1\r\nhost: x\r\nx-request-id: reader-1\r\n\r\n`

  await t.test('when it hangs up', async (t) => {
    for (const [requestId, text, route, userId] of [
      ['reader-1', read, '/v1/products/:id', undefined],
      ['buyer-one', order('buyer-one'), '/v1/orders', ada.id],
    ] as const) {
      await whileLocked(() => hangUp(pod, text, isWaiting))
      const written = await until('the line', () => line(requestId, 'request abandoned'))
      t.match(written, { level: 30, route, status: null, ms: Number })
      t.equal(written['userId'], userId)
      t.equal(log.filter((each) => each['requestId'] === requestId).length, 1, 'one line')
    }
    const text = await (await fetch(`http://127.0.0.1:${portIn(log)}/metrics`)).text()
    for (const labels of ['route="/v1/products/:id",method="GET"', 'route="/v1/orders",method="POST"'])
      t.match(text, `unnest_http_request_seconds_count{${labels},status="abandoned"} 1`)
  })

  await t.test('and what fails after that is still told of', async (t) => {
    await sql.unsafe(`create function refuse() returns trigger language plpgsql as $$ begin raise 'no'; end $$;
      create trigger refusal before update on products for each row execute function refuse()`)
    await whileLocked(() => hangUp(pod, order('buyer-two'), isWaiting))
    const failed = await until('the failure', () => line('buyer-two', 'request failed'))
    t.match(failed, { level: 50, route: '/v1/orders', status: 500, err: Object })
    t.ok(line('buyer-two', 'request abandoned'))
  })
})
