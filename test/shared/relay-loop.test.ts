import { setImmediate as nextTurn } from 'node:timers/promises'
import t from 'tap'
import type { Relay } from '../../src/shared/queue/relay.js'
import { startRelayLoop } from '../../src/shared/queue/relay-loop.js'
import { createLogger } from '../../src/shared/telemetry/logger.js'
import { until } from '../support/until.js'

/** Below the loop's own pause of a second. */
const AT_ONCE_MS = 500

/** A relay that does what the test says, and the loop that runs it. */
const startLoop = (handOver: (call: number) => Promise<number>) => {
  let calls = 0
  const log: string[] = []
  const destination = { write: (line: string) => void log.push(JSON.parse(line).msg) }
  const logger = createLogger({ level: 'info', process: 'test', destination })
  const relay: Pick<Relay, 'handOver'> = {
    handOver: () => {
      calls += 1
      return handOver(calls)
    },
  }
  const loop = startRelayLoop(relay, logger)
  return {
    ...loop,
    log,
    calls: () => calls,
    untilCalled: (n: number) => until(`call ${n}`, () => calls >= n),
  }
}

t.test('as long as there is work it goes on at once, and is woken for more', async (t) => {
  const begun = performance.now()
  const loop = startLoop(async (call) => (call < 5 ? 200 : 0))
  await loop.untilCalled(5)
  loop.wake()
  await loop.untilCalled(6)
  t.ok(performance.now() - begun < AT_ONCE_MS)
  await loop.stop()
  t.equal(loop.calls(), 6)
})

t.test('a wake-up during a batch is not lost', async (t) => {
  const loop = startLoop(async (call) => {
    await nextTurn()
    if (call === 1) loop.wake()
    return 0
  })
  const begun = performance.now()
  await loop.untilCalled(2)
  t.ok(performance.now() - begun < AT_ONCE_MS)
  await loop.stop()
})

t.test('while it fails it pauses, however often it is woken, and says so once', async (t) => {
  const loop = startLoop(async (call) => {
    if (call <= 3) throw new Error('Redis is away')
    return 0
  })
  const begun = performance.now()
  await until('three failures', () => {
    loop.wake()
    return loop.calls() >= 3
  })
  t.ok(performance.now() - begun > 1_500, 'no busy loop')
  await loop.untilCalled(4)
  await until('the end of the outage', () => loop.log.includes('outbox relay works again'))
  t.strictSame(loop.log, ['outbox relay waits', 'outbox relay works again'])
  await loop.stop()
})

t.test('stopping waits for the batch in hand and for nothing else', async (t) => {
  let finish = (_count: number) => {}
  const loop = startLoop(() => new Promise((resolve) => (finish = resolve)))
  await loop.untilCalled(1)
  let stopped = false
  const stopping = loop.stop().then(() => {
    stopped = true
  })
  await nextTurn()
  t.notOk(stopped)
  finish(200)
  await stopping
  t.equal(loop.calls(), 1, 'though there was more work')

  const idle = startLoop(async () => 0)
  await idle.untilCalled(1)
  const begun = performance.now()
  await idle.stop()
  t.ok(performance.now() - begun < AT_ONCE_MS, 'a pause is cut short')
})
