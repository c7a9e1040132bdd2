import { sql as query } from 'drizzle-orm'
import Fastify, { type FastifySchema } from 'fastify'
import { validatorCompiler } from 'fastify-type-provider-zod'
import t from 'tap'
import { z } from 'zod'
import { connectDatabase, inOneTransaction } from '../../../src/shared/database/client.js'
import { registerIdempotency } from '../../../src/shared/http/idempotency.js'
import { createWorld, startPod } from '../../support/app.js'
import { createTestDatabase } from '../../support/database.js'
import { createProduct, registerAdmin } from '../../support/factories.js'

t.test('a route that creates nothing, or knows no caller, does not boot as idempotent', async (t) => {
  const { url } = await createTestDatabase(t)
  const { database, close } = connectDatabase({ url, poolMax: 1, applicationName: 'test' })
  t.teardown(close)
  const bootWith = async (
    method: 'POST' | 'PATCH',
    access: 'public' | 'signed-in',
    { schema, ...config }: { schema?: FastifySchema; envelope?: false } = {},
  ) => {
    const app = Fastify()
    app.setValidatorCompiler(validatorCompiler)
    registerIdempotency(app, database)
    const handler = async () => ({})
    app.route({
      method,
      url: '/things',
      config: { access, idempotent: true, ...config },
      handler,
      ...(schema && { schema }),
    })
    await app.ready()
    await app.close()
  }
  await t.resolves(bootWith('POST', 'signed-in'))
  const message = ': only a plain POST of known callers is idempotent'
  await t.rejects(bootWith('POST', 'public'), { message: `POST /things${message}` })
  await t.rejects(bootWith('PATCH', 'signed-in'), { message: `PATCH /things${message}` })
  for (const own of [
    { envelope: false } as const,
    { schema: { headers: z.object({}) } },
    { schema: { consumes: ['multipart/form-data'] } },
  ])
    await t.rejects(bootWith('POST', 'signed-in', own), { message: `POST /things${message}` })
})

t.test('what goes on after its transaction has ended asks the database for nothing', async (t) => {
  const { url } = await createTestDatabase(t)
  const { database, close } = connectDatabase({ url, poolMax: 1, applicationName: 'test' })
  t.teardown(close)
  let goOn = () => {}
  const ended = new Promise<void>((resolve) => {
    goOn = resolve
  })
  const ask = () => database.execute(query`select 1 as one`)
  const late = await inOneTransaction(database, async () => {
    t.match(await ask(), [{ one: 1 }])
    return { asked: ended.then(ask) }
  })
  const refused = t.rejects(late.asked, { message: 'the transaction around this has ended' })
  goOn()
  await refused
  t.match(await ask(), [{ one: 1 }], 'others are not concerned')
})

t.test('a request takes one connection, however many transactions it opens', async (t) => {
  const world = await createWorld(t, { DATABASE_POOL_MAX: '1' })
  const { call } = await startPod(t, world)
  const admin = await registerAdmin(call, world)
  const mug = await createProduct(call, admin, { stock: 20 })
  const answers = await Promise.all(
    Array.from({ length: 10 }, (_, n) =>
      call('POST', '/v1/orders', {
        token: admin.token,
        body: { items: [{ productId: mug.id, quantity: 1 }] },
        headers: { 'idempotency-key': `key-${n}` },
      }),
    ),
  )
  t.strictSame(
    answers.map(({ status }) => status),
    Array(10).fill(201),
  )
})
