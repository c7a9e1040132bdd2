import t, { type Test as TapTest } from 'tap'
import { startWatchdog } from '../../../src/shared/queue/watchdog.js'
import { createLogger } from '../../../src/shared/telemetry/logger.js'
import { until } from '../../support/until.js'

const STUCK_AFTER_MS = 100

interface Scene {
  readonly workWaits: (look: number) => Promise<boolean>
  readonly lastEndAt: () => number
}

const watch = (t: TapTest, { workWaits, lastEndAt }: Scene) => {
  let [looks, alarms] = [0, 0]
  const log: Record<string, unknown>[] = []
  const destination = { write: (line: string) => void log.push(JSON.parse(line)) }
  const busy = { name: 'busy', lastEndAt: () => performance.now(), workWaits: async () => true }
  const seen = {
    name: 'seen',
    lastEndAt,
    workWaits: () => {
      looks += 1
      return workWaits(looks)
    },
  }
  const watchdog = startWatchdog({
    watched: [busy, seen].map((each) => ({ ...each, stuckAfterMs: STUCK_AFTER_MS })),
    onStuck: () => {
      alarms += 1
      watchdog.stop()
    },
    logger: createLogger({ level: 'info', process: 'test', destination }),
  })
  t.teardown(() => watchdog.stop())
  return { log, alarms: () => alarms, untilLook: (look: number) => until('a look', () => looks >= look) }
}

t.test(
  'work waits and none completes: others that get on do not hide it, and somebody is told once',
  async (t) => {
    const { log, alarms } = watch(t, { workWaits: async () => true, lastEndAt: () => 0 })
    await until('the alarm', () => alarms() === 1)
    t.match(log, [{ level: 60, alert: 'worker_stuck', stuck: 'seen', msg: 'work waits and none completes' }])
  },
)

t.test('no alarm is raised', async (t) => {
  const cases: Record<string, Scene> = {
    'while jobs come to an end': { workWaits: async () => true, lastEndAt: () => performance.now() },
    'while nothing waits': { workWaits: async () => false, lastEndAt: () => 0 },
    'by an outage': { workWaits: () => Promise.reject(new Error('Redis is away')), lastEndAt: () => 0 },
    'by work that has only just come': { workWaits: async (look) => look % 2 === 0, lastEndAt: () => 0 },
  }
  for (const [name, scene] of Object.entries(cases)) {
    const { alarms, untilLook } = watch(t, scene)
    await untilLook(6)
    t.equal(alarms(), 0, name)
  }
})
