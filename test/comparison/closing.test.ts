import { chmodSync, existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test as TapTest } from 'tap'
import { endProgram, withClosings } from '../../comparison/bench/closing.js'
import { startLoadGenerator } from '../../comparison/bench/load-generator.js'
import { untilReady } from '../../comparison/bench/servers.js'
import { startProgram } from '../../dev/stack/spawn.js'
import { until } from '../support/until.js'

const ledger = process.env['TEST_LEDGER']
const GRACE_MS = 200
/** Much less than a turn and what is added to it. */
const SOON_MS = 10_000

const startShell = async (t: TapTest, script: string) => {
  const started = await startProgram({
    name: 'shell',
    role: 'app',
    command: '/bin/sh',
    args: ['-c', script],
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    graceMs: GRACE_MS,
    ledger,
  })
  t.teardown(async () => {
    started.child.kill('SIGKILL')
    await started.ended
  })
  return { ...started, faults: () => 'what it wrote' }
}

t.test('a program is gone once it was ended, even one that takes no notice', async (t) => {
  const options = { name: 'shell', graceMs: GRACE_MS }
  const polite = await startShell(t, 'exec sleep 60')
  await endProgram(polite, options)
  t.equal((await polite.ended).text, 'signal SIGTERM')
  const sign = join(t.testdir({}), 'deaf')
  const deaf = await startShell(t, `trap "" TERM; : > ${sign}; exec sleep 60`)
  await until('it to be deaf', () => existsSync(sign))
  await endProgram(deaf, options)
  t.equal(deaf.child.signalCode, 'SIGKILL')
})

t.test('all is closed, the last one first, and the first error is the one that is told', async (t) => {
  const closed: string[] = []
  const closing = (name: string, error?: string) => async (): Promise<void> => {
    closed.push(name)
    if (error) throw new Error(error)
  }
  const run = (last: string | undefined, error?: string) =>
    withClosings(async (closings) => {
      closings.push(closing('first'), closing('second', last))
      if (error) throw new Error(error)
      return 'done'
    })
  t.equal(await run(undefined), 'done')
  await t.rejects(run('cannot close'), { message: 'cannot close' })
  await t.rejects(run('cannot close', 'cannot work'), { message: 'cannot work' })
  t.strictSame(closed, Array(3).fill(['second', 'first']).flat())
})

t.test('a worker that does not become ready is not waited for', async (t) => {
  const silent = await startShell(t, 'exec sleep 60')
  const inTime = { message: 'the worker of nobody is not ready in time: what it wrote' }
  await t.rejects(untilReady('nobody', silent, GRACE_MS), inTime)
  const ends = { message: 'the worker of nobody ended (exit code 3): what it wrote' }
  await t.rejects(untilReady('nobody', await startShell(t, 'exit 3')), ends)
})

t.test('a load generator that ends is noticed at once', async (t) => {
  const node = join(t.testdir({}), 'node')
  writeFileSync(node, '#!/bin/sh\nsleep 0.5\nexit 3\n')
  chmodSync(node, 0o755)
  const { run, stop } = await startLoadGenerator({ node, pinning: undefined, ledger })
  const order = {
    url: 'http://127.0.0.1:9',
    connections: 1,
    seconds: 5,
    exchanges: [{ method: 'GET' as const, path: '/', headers: {}, expect: { status: 200, includes: '' } }],
  }
  const begun = performance.now()
  const ended = { message: 'the load generator ended (exit code 3)' }
  await t.rejects(run(order), ended, 'while it is waited for')
  await t.rejects(run(order), ended, 'before it is asked')
  t.ok(performance.now() - begun < SOON_MS)
  await stop()
})
