import t from 'tap'
import { createCall, createWorld, startPod } from '../../support/app.js'
import { startOtlp } from '../../support/otlp.js'
import { type Script, startProcess, startServer } from '../../support/process.js'
import { startProxy } from '../../support/proxy.js'
import { askOften } from '../../support/raw.js'
import { until } from '../../support/until.js'

/** Above what the last flush may take, and far below the grace. */
const PROMPT_MS = 5_000
/** More than one batch, so that one more fails while it is told that nothing gets through. */
const REQUESTS = 600

/** Prints how many files of OpenTelemetry a process has loaded, when it ends. */
const TELL_LOADED = `--import=data:text/javascript,import { createRequire } from 'node:module';
const { cache } = createRequire(process.cwd() + '/');
process.on('exit', () => console.error(Object.keys(cache).filter((file) => file.includes('@opentelemetry')).length))`

t.test('a receiver that is away, or takes and says nothing, costs spans and no request', async (t) => {
  const otlp = await startOtlp(t)
  const proxy = await startProxy(t, new URL(otlp.url))
  const world = await createWorld(t, { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${proxy.port}` })
  const server = await startServer(t, world.env, [TELL_LOADED])
  const call = createCall(server.url)
  const said = (message: string) => server.log.filter(({ msg }) => msg === message).length

  await proxy.cut()
  t.equal(await askOften(server.url, '/livez', REQUESTS), REQUESTS, 'away: all are answered')
  await server.untilLogged('traces are not delivered')
  await proxy.mend()
  await until('the receiver to be reached', async () => {
    await call('GET', '/livez')
    return said('traces are delivered again') > 0
  })
  t.equal(said('traces are not delivered'), 1, 'away: told once')

  proxy.stall()
  t.equal(await askOften(server.url, '/livez', REQUESTS), REQUESTS, 'silent: all are answered')
  await until('it to be told again', () => said('traces are not delivered') > 1)
  server.kill('SIGTERM')
  const begun = performance.now()
  t.equal(await server.exit, 0)
  const ms = Math.round(performance.now() - begun)
  t.ok(ms < PROMPT_MS, `silent: ended in ${ms} ms`)
  t.equal(said('traces are not delivered'), 2, 'silent: told once')
  t.ok(Number(server.stderr()) > 10, 'what counts the loaded files counts')
})

t.test('without an endpoint nothing of it is loaded, and with one all is sent', async (t) => {
  const filesOf = async (script: Script, ready: string) => {
    const process = await startProcess(t, script, world.env, [TELL_LOADED])
    await process.untilLogged(ready)
    process.kill('SIGTERM')
    t.equal(await process.exit, 0)
    return Number(process.stderr())
  }
  const world = await createWorld(t)
  t.equal(await filesOf('server.js', 'api ready'), 0)
  t.equal(await filesOf('worker.js', 'worker ready'), 0)

  const { url, spans } = await startOtlp(t)
  await t.test('before it ends', async (t) => {
    const env = { ...world.env, OTEL_EXPORTER_OTLP_ENDPOINT: url }
    const { call } = await startPod(t, { ...world, env })
    t.equal((await call('GET', '/livez')).status, 200)
  })
  t.ok(
    spans.some(({ name }) => name === 'GET /livez'),
    'a pod sends what it has before it ends',
  )
})
