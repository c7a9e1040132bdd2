import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import t, { type Test } from 'tap'
import { freePort } from '../../../dev/stack/ports.js'
import { createCall, createWorld } from '../../support/app.js'
import { askOften } from '../../support/raw.js'
import { until } from '../../support/until.js'

/** Above the time that the server takes to shut down and to try its last lines. */
const END_LIMIT_MS = 10_000
/** Their lines, of more than 200 bytes, are more than any pipe or socket takes that nobody reads from. */
const REQUESTS = 1_500
/** Of a full disk each write tells: these make a dozen. */
const REQUESTS_TO_FULL_DISK = 300

/** Built and run as in production: a test's own loader changes what a process's pipes are like. */
const startServer = async (t: Test, stdout: 'pipe' | number) => {
  const world = await createWorld(t)
  const port = await freePort()
  const child = spawn(process.execPath, ['dist/server.js'], {
    env: { ...world.env, PORT: String(port) },
    stdio: ['ignore', stdout, 'pipe'],
  })
  t.teardown(() => child.kill('SIGKILL'))
  const url = `http://127.0.0.1:${port}`
  const call = createCall(url)
  await until(
    'the server to answer',
    () =>
      child.exitCode !== null ||
      call('GET', '/livez').then(
        ({ status }) => status === 200,
        () => false,
      ),
  )
  t.equal(child.exitCode, null, 'it runs')
  return { child, url }
}

const end = async (child: ChildProcess): Promise<unknown> => {
  child.kill('SIGTERM')
  const [code] = await once(child, 'exit', { signal: AbortSignal.timeout(END_LIMIT_MS) })
  return code
}

t.test('a server whose lines nobody reads goes on, and can end', async (t) => {
  const { child, url } = await startServer(t, 'pipe')
  t.equal(await askOften(url, '/livez', REQUESTS), REQUESTS)
  t.equal(await end(child), 0)
})

t.test('a server whose lines go to a full disk goes on, and can end', async (t) => {
  const full = openSync('/dev/full', 'w')
  t.teardown(() => closeSync(full))
  const { child, url } = await startServer(t, full)
  t.equal(await askOften(url, '/livez', REQUESTS_TO_FULL_DISK), REQUESTS_TO_FULL_DISK)
  t.equal(await end(child), 0)
})
