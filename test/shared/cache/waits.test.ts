import t from 'tap'
import { createSingleFlight } from '../../../src/shared/cache/single-flight.js'
import type { EntryStore } from '../../../src/shared/cache/store.js'
import { until } from '../../support/until.js'

const PLACE = { key: 'k', tags: [], seconds: 60 }
/** What somebody waits in all, and what a pod leaves a load to another one for (docs/cache.md). */
const WAIT_MS = 3_500
const OTHER_POD_MS = 1_000
/** A machine that is busy, and the pause between two looks. */
const TOLERANCE_MS = 300

/** Where another pod has the right to load, and brings nothing. */
const elsewhere: EntryStore = {
  lookUp: async () => ({ entry: undefined, tagIds: 'a' }),
  enter: async () => ({ entry: undefined, tagIds: 'a', holder: 'another pod' }),
  drop: async () => {},
  keep: async () => {},
  leave: async () => {},
}

/** Redis cannot be asked. */
const away: EntryStore = { ...elsewhere, lookUp: async () => undefined, enter: async () => undefined }

const createWaits = (store = elsewhere) => {
  const join = createSingleFlight({ store, memory: { hasRoom: () => true, take: () => true } })
  return {
    /** @returns what he is to do, undefined where he is refused, and after how many milliseconds he hears of it */
    join: async (waitedMs: number) => {
      const begun = performance.now()
      const turn = await join(PLACE, undefined, waitedMs).catch(() => undefined)
      return { turn, ms: performance.now() - begun }
    },
  }
}

/** @throws Error where he is not to load */
const loadOf = ({ turn }: Awaited<ReturnType<ReturnType<typeof createWaits>['join']>>) => {
  if (turn?.do !== 'load') throw new Error('he is not the one to load')
  return turn.load
}

t.test('who takes the lead waits for another pod no longer than he may wait in all', async (t) => {
  for (const [waitedMs, expected] of [
    [0, OTHER_POD_MS],
    [WAIT_MS - 300, 300],
    [WAIT_MS, 0],
  ] as const) {
    const led = await createWaits().join(waitedMs)
    loadOf(led).giveUp()
    t.ok(Math.abs(led.ms - expected) < TOLERANCE_MS, `${waitedMs} ms before: ${expected}, ${led.ms}`)
  }
})

t.test('also who has waited in his own pod before', async (t) => {
  const { join } = createWaits()
  const first = loadOf(await join(WAIT_MS))
  const begun = performance.now()
  const second = join(WAIT_MS - 600)
  await until('most of his time to pass', () => performance.now() - begun > 400)
  first.giveUp()
  const led = await second
  loadOf(led).giveUp()
  t.ok(led.ms < 600 + TOLERANCE_MS, `${led.ms} ms in all`)
})

t.test('and who waits in his own pod for longer is refused', async (t) => {
  const { join } = createWaits()
  const first = loadOf(await join(WAIT_MS))
  const begun = performance.now()
  const [{ turn, ms }] = await Promise.all([
    join(WAIT_MS - 200),
    // His own timer keeps no process alive.
    until('his time to pass', () => performance.now() - begun > 200 + TOLERANCE_MS),
  ])
  t.equal(turn, undefined)
  t.ok(ms >= 190 && ms < 200 + TOLERANCE_MS, `${ms} ms`)
  first.giveUp()
})

/** A crowd of this size, each of whom woke all the others, would take some seconds of processor time. */
const CROWD = 1_500
const CROWD_CPU_MS = 1_000

t.test('where each load fails at once a crowd tries one after the other, and is soon through', async (t) => {
  const { join } = createWaits(away)
  const first = loadOf(await join(0))
  const begun = process.cpuUsage()
  const crowd = Array.from({ length: CROWD }, async () => {
    const led = await join(0)
    if (led.turn?.do === 'load') led.turn.load.giveUp()
    return led.turn?.do
  })
  first.giveUp()
  const turns = await Promise.all(crowd)
  const { user, system } = process.cpuUsage(begun)
  t.ok(turns.every((turn) => turn === 'load'))
  t.ok((user + system) / 1_000 < CROWD_CPU_MS, `${(user + system) / 1_000} ms of processor time`)
})
