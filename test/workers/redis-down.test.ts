import t, { type Test as TapTest } from 'tap'
import { type Answer, type Call, createWorld, startPod, startWorkerPod } from '../support/app.js'
import { createProduct, registerAdmin, registerUser, unique } from '../support/factories.js'
import { outboxRows, untilOutboxClosed } from '../support/outbox.js'
import { startProcess } from '../support/process.js'
import { createPrivateRedis } from '../support/redis.js'
import { startSilentServer } from '../support/silent-server.js'
import { startSmtp } from '../support/smtp.js'
import { until } from '../support/until.js'

const PASSWORD = 'correct horse battery staple'
/** What a client may wait for an answer while Redis is away; the password's hash is most of it. */
const PROMPT_MS = 1_000
const SILENT_REDIS_MS = 2_000
const WORKER_STOP_MS = 5_000

const timed = async (call: () => Promise<Answer>) => {
  const begun = performance.now()
  const answer = await call()
  return { ...answer, ms: Math.round(performance.now() - begun) }
}

/** The main job of a client, from registration to order, each step's answer with its time. */
const tour = async (call: Call, productId: string) => {
  const email = `${unique('ada')}@example.com`
  const credentials = { email, password: PASSWORD }
  const registered = await timed(() =>
    call('POST', '/v1/auth/register', { body: { ...credentials, name: 'Ada' } }),
  )
  const loggedIn = await timed(() => call('POST', '/v1/auth/login', { body: credentials }))
  const token = loggedIn.body.data.accessToken
  const ordered = await timed(() =>
    call('POST', '/v1/orders', { token, body: { items: [{ productId, quantity: 1 }] } }),
  )
  const profile = await timed(() => call('GET', `/v1/users/${registered.body.data.id}`, { token }))
  return { registered, loggedIn, ordered, profile }
}

t.test('work goes on without Redis, and its mails go out once Redis is back', async (t) => {
  const redis = await createPrivateRedis(t)
  await redis.start()
  const smtp = await startSmtp(t)
  const world = await createWorld(t, { REDIS_URL: redis.url, SMTP_URL: smtp.url })
  const pod = await startPod(t, world)
  const worker = await startWorkerPod(t, world)
  const admin = await registerAdmin(pod.call, world)
  const mug = await createProduct(pod.call, admin)
  await untilOutboxClosed(world)
  await redis.stop()

  const checkTour = async (t: TapTest, call: Call) => {
    const answers = await tour(call, mug.id)
    t.equal(answers.registered.status, 201)
    t.equal(answers.loggedIn.status, 200)
    t.equal(answers.ordered.status, 201)
    t.equal(answers.profile.status, 200)
    t.equal(answers.profile.headers.get('x-cache'), 'BYPASS')
    for (const [step, { ms }] of Object.entries(answers)) t.ok(ms < PROMPT_MS, `${step} in ${ms} ms`)
  }

  await t.test('for a pod that had it', (t) => checkTour(t, pod.call))

  await t.test('and for a pod that starts without it', async (t) => {
    const late = await startPod(t, world)
    await checkTour(t, late.call)
    t.equal((await late.call('GET', '/readyz')).status, 200)
  })

  await t.test('a worker process starts and ends without it', async (t) => {
    const process = await startProcess(t, 'worker.js', world.env)
    await process.untilLogged('outbox relay waits')
    await process.untilLogged('worker ready')
    const begun = performance.now()
    process.kill('SIGTERM')
    t.equal(await process.exit, 0)
    t.ok(performance.now() - begun < WORKER_STOP_MS)
  })

  const lateWorker = await startWorkerPod(t, world)
  const waiting = (await outboxRows(world)).filter(({ closed_at }) => closed_at === null)
  t.equal(waiting.length, 4, 'the jobs wait in the outbox')
  t.equal(smtp.mails.length, 1)

  await redis.start()
  const rows = await untilOutboxClosed(world)
  t.ok(rows.every(({ failure }) => failure === null))
  t.strictSame(
    smtp.mails.map(({ messageId }) => messageId).sort(),
    rows.flatMap(({ name, key }) => (name.startsWith('send-') ? [`${key}@unnest.example`] : [])).sort(),
    'one mail each',
  )

  for (const { log } of [worker, lateWorker]) {
    t.ok(log.filter(({ level }) => Number(level) >= 40).length < 20, 'an outage does not flood the log')
  }
})

t.test('a Redis that takes connections and stays silent is bypassed', async (t) => {
  const world = await createWorld(t, { REDIS_URL: `redis://127.0.0.1:${(await startSilentServer(t)).port}` })
  const { call } = await startPod(t, world)
  const ada = await registerUser(call)
  const profile = await timed(() => call('GET', `/v1/users/${ada.id}`, { token: ada.token }))
  t.equal(profile.status, 200)
  t.equal(profile.headers.get('x-cache'), 'BYPASS')
  t.ok(profile.ms < SILENT_REDIS_MS, `in ${profile.ms} ms`)
  const worker = await startProcess(t, 'worker.js', world.env)
  await worker.untilLogged('worker ready')
  worker.kill('SIGTERM')
  t.equal(await worker.exit, 0, 'a worker starts and ends with it')
})

t.test('so is one that falls silent, until it speaks again', async (t) => {
  const redis = await createPrivateRedis(t)
  await redis.start()
  const world = await createWorld(t, { REDIS_URL: redis.url })
  const { call } = await startPod(t, world)
  const ada = await registerUser(call)
  const read = () => timed(() => call('GET', `/v1/users/${ada.id}`, { token: ada.token }))
  t.equal((await read()).headers.get('x-cache'), 'MISS')
  redis.freeze()
  const { status, headers, ms } = await read()
  t.equal(status, 200)
  t.equal(headers.get('x-cache'), 'BYPASS')
  t.ok(ms < SILENT_REDIS_MS, `in ${ms} ms`)
  redis.thaw()
  await until('it to be asked again', async () => (await read()).headers.get('x-cache') === 'HIT')
})
