import { once } from 'node:events'
import { createServer } from 'node:net'
import t from 'tap'
import { createWorld, startPod, startWorkerPod } from './support/app.js'
import { startProcess } from './support/process.js'
import { startSilentServer } from './support/silent-server.js'

t.test('a taken port is one line', async (t) => {
  const world = await createWorld(t)
  const other = createServer().listen(0, '127.0.0.1')
  await once(other, 'listening')
  t.teardown(() => other.close())
  const address = other.address()
  const port = typeof address === 'object' ? address?.port : 0
  const server = await startProcess(t, 'server.js', { ...world.env, PORT: String(port) })
  t.equal(await server.exit, 1)
  t.equal(server.stderr(), `Port ${port} on 127.0.0.1 is taken.\n`)
})

t.test('a host or a folder that is of no use is named by its variable', async (t) => {
  const world = await createWorld(t)
  // Within this process: that a built one says it in so many words, and ends with 1, is shown below.
  const faultOf = (start: typeof startPod | typeof startWorkerPod, wrong: Readonly<Record<string, string>>) =>
    start(t, { ...world, env: { ...world.env, ...wrong } }).then(
      () => 'it starts',
      (error: Error) => error.message,
    )
  // A file is nothing to put a folder in, for root neither.
  const DATA_DIR = `${process.execPath}/data`
  const noFolder =
    'The environment is not valid:\n  DATA_DIR: must be a folder that can be written to (ENOTDIR)'
  t.equal(await faultOf(startPod, { DATA_DIR }), noFolder)
  t.equal(await faultOf(startWorkerPod, { DATA_DIR }), noFolder)
  const STORAGE_URL = `file://${process.execPath}`
  const noStorage =
    'The environment is not valid:\n  STORAGE_URL: must be a folder that can be written to (EEXIST)'
  t.equal(await faultOf(startPod, { STORAGE_URL }), noStorage)
  t.equal(await faultOf(startWorkerPod, { STORAGE_URL }), noStorage)
  const noHost = /^The environment is not valid:\n {2}HOST: must be an address of this machine \(E[A-Z]+\)$/
  t.match(await faultOf(startPod, { HOST: 'not a host' }), noHost)
  // Of a network that is for documents.
  t.match(await faultOf(startWorkerPod, { HOST: '192.0.2.1' }), noHost)
})

t.test('what is missing or wrong in the environment is named all at once, without its value', async (t) => {
  const wrong = { PORT: 'eighty-four', DATABASE_URL: 'mysql://root:secret@localhost/' }
  const server = await startProcess(t, 'server.js', wrong)
  t.equal(await server.exit, 1)
  for (const name of ['PORT', 'DATABASE_URL', 'REDIS_URL', 'JWT_PRIVATE_KEYS']) t.match(server.stderr(), name)
  t.match(
    server.stderr(),
    /^The environment is not valid:\n( {2}[A-Z_]+: [^\n]+\n)+$/,
    'a line each, and no stack',
  )
  t.notMatch(server.stderr(), /secret|eighty|\n\s+at /)
  const worker = await startProcess(t, 'worker.js', {})
  t.equal(await worker.exit, 1)
  for (const name of ['DATABASE_URL', 'REDIS_URL', 'WEBHOOK_SECRET_KEYS']) t.match(worker.stderr(), name)
})

t.test('a signal while it starts ends it, and is not lost where nobody else handles it', async (t) => {
  const world = await createWorld(t)
  const { port } = await startSilentServer(t)
  const env = { ...world.env, DATABASE_URL: `postgres://x:y@127.0.0.1:${port}/z` }
  const server = await startProcess(t, 'server.js', env)
  await server.untilLogged('connections are checked when Postgres is there')
  server.kill('SIGTERM')
  t.equal(await server.exit, 1, 'by itself, not by the signal, which process 1 would not get')
  t.notOk(server.log.some(({ msg }) => msg === 'api ready'))
})

t.test('an address that leads to no database of ours ends the boot, and is no outage', async (t) => {
  const world = await createWorld(t)
  const faultOf = (change: (url: URL) => void): Promise<string> => {
    const url = new URL(world.env['DATABASE_URL'] ?? '')
    change(url)
    const env = { ...world.env, DATABASE_URL: url.href }
    return startPod(t, { ...world, env }).then(
      () => 'it starts',
      (error: Error) => error.message,
    )
  }
  const database = await faultOf((url) => {
    url.pathname = '/nowhere'
  })
  t.match(database, /^The environment is not valid:\n {2}DATABASE_URL: Postgres says: .*"nowhere"/)
  const role = await faultOf((url) => {
    url.username = 'nobody'
    url.password = 'hunter2'
  })
  t.match(role, /^The environment is not valid:\n {2}DATABASE_URL: Postgres says: .*"nobody"/)
  t.notMatch(role, /hunter2/)
})
