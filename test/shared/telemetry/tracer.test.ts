import t from 'tap'
import { createCall, createWorld, type World } from '../../support/app.js'
import { startOtlp } from '../../support/otlp.js'
import { startProcess, startServer } from '../../support/process.js'
import { startSilentServer } from '../../support/silent-server.js'

/** Above what the last flush may take, and far below the grace. */
const PROMPT_MS = 5_000

/** Prints which files of OpenTelemetry a process has loaded, when it ends. */
const TELL_LOADED = `data:text/javascript,import { createRequire } from 'node:module';
const { cache } = createRequire(process.cwd() + '/');
process.on('exit', () => console.error(Object.keys(cache).filter((file) => file.includes('@opentelemetry')).length))`

t.test('a receiver that is away, or takes and says nothing, costs spans and no request', async (t) => {
  const silent = await startSilentServer(t)
  for (const [what, endpoint] of Object.entries({
    away: 'http://127.0.0.1:1',
    silent: `http://127.0.0.1:${silent.port}`,
  })) {
    const world = await createWorld(t, { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint })
    const server = await startServer(t, world.env)
    const call = createCall(server.url)
    for (let round = 0; round < 22; round += 1) {
      const answers = await Promise.all(Array.from({ length: 200 }, () => call('GET', '/livez')))
      if (answers.some(({ status }) => status !== 200)) t.fail(`${what}: a request was not answered`)
    }
    await server.untilLogged('traces are not delivered')
    const told = server.log.filter(({ msg }) => msg === 'traces are not delivered')
    t.equal(told.length, 1, `${what}: told once`)
    server.kill('SIGTERM')
    const begun = performance.now()
    t.equal(await server.exit, 0, what)
    t.ok(
      performance.now() - begun < PROMPT_MS,
      `${what}: ended in ${Math.round(performance.now() - begun)} ms`,
    )
  }
})

t.test('without an endpoint nothing of it is loaded, and with one all is sent', async (t) => {
  const filesOf = async (world: World, script: 'server.js' | 'worker.js', ready: string) => {
    const process = await startProcess(t, script, world.env, [`--import=${TELL_LOADED}`])
    await process.untilLogged(ready)
    process.kill('SIGTERM')
    t.equal(await process.exit, 0)
    return Number(process.stderr())
  }
  const off = await createWorld(t)
  t.equal(await filesOf(off, 'server.js', 'api ready'), 0)
  t.equal(await filesOf(off, 'worker.js', 'worker ready'), 0)

  const { url, spans } = await startOtlp(t)
  const on = await createWorld(t, { OTEL_EXPORTER_OTLP_ENDPOINT: url })
  const server = await startServer(t, on.env, [`--import=${TELL_LOADED}`])
  t.equal((await createCall(server.url)('GET', '/livez')).status, 200)
  server.kill('SIGTERM')
  t.equal(await server.exit, 0)
  t.ok(Number(server.stderr()) > 10, 'and the count counts')
  t.ok(
    spans.some(({ name }) => name === 'GET /livez'),
    'a process sends what it has before it ends',
  )
})
