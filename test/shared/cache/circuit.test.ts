import { ReplyError } from 'ioredis'
import { Registry } from 'prom-client'
import t from 'tap'
import { registerCircuitMetric } from '../../../src/shared/cache/cache-metrics.js'
import { createCircuit } from '../../../src/shared/cache/circuit.js'
import { createLogger } from '../../../src/shared/telemetry/logger.js'
import { holdClock } from '../../support/clock.js'

const PAUSE_MS = 1_000
const logger = createLogger({ level: 'silent', process: 'test' })

t.test('the gauge follows the circuit', async (t) => {
  const clock = holdClock(t)
  const registry = new Registry()
  const circuit = createCircuit(PAUSE_MS, logger)
  registerCircuitMetric(registry, () => !circuit.isOpen())
  const isOpen = async (): Promise<boolean> => {
    const [, value] = /^unnest_cache_circuit_open (\d)$/m.exec(await registry.metrics()) ?? []
    t.ok(value, 'it is there')
    return value === '1'
  }
  let asked = 0
  const succeed = async () => {
    asked += 1
    return ['an answer']
  }
  const fail = async (): Promise<never> => {
    asked += 1
    throw new Error('Redis is silent')
  }

  t.notOk(await isOpen(), 'at first')
  t.strictSame(await circuit.attempt(succeed), ['an answer'])
  t.notOk(await isOpen())

  await t.test('a command that is refused opens nothing', async (t) => {
    const refuse = async (): Promise<never> => {
      throw new ReplyError('OOM command not allowed')
    }
    t.equal(await circuit.attempt(refuse), undefined)
    t.notOk(await isOpen())
  })

  await t.test('a failure opens it, and what was asked before does not close it', async (t) => {
    let answer = (_text: string[]) => {}
    const early = circuit.attempt(() => new Promise<string[]>((resolve) => (answer = resolve)))
    t.equal(await circuit.attempt(fail), undefined)
    t.ok(await isOpen())
    answer(['late'])
    t.strictSame(await early, ['late'])
    t.ok(await isOpen())
    const before = asked
    t.equal(await circuit.attempt(succeed), undefined)
    t.equal(asked, before, 'nobody asks')
  })

  await t.test('one who fails after the pause leaves it open, one who succeeds closes it', async (t) => {
    clock.pass(PAUSE_MS)
    t.equal(await circuit.attempt(fail), undefined)
    t.ok(await isOpen())
    clock.pass(PAUSE_MS)
    const before = asked
    const crowd = await Promise.all([1, 2, 3].map(() => circuit.attempt(succeed)))
    t.equal(asked, before + 1, 'one asks for all')
    t.strictSame(crowd, [['an answer'], undefined, undefined])
    t.notOk(await isOpen())
    t.strictSame(await circuit.attempt(succeed), ['an answer'])
    t.notOk(await isOpen())
  })
})
