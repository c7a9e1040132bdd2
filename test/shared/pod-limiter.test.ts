import t from 'tap'
import type { Allowance } from '../../src/shared/limits/allowance.js'
import { createPodLimiter } from '../../src/shared/limits/pod-limiter.js'
import { holdClock } from '../support/clock.js'

const MINUTE = 60_000
const TEN_IN_A_QUARTER: Allowance = { max: 10, windowMs: 15 * MINUTE }

/** Numbers from 0 to 1 that look random and are the same each time (Numerical Recipes' generator). */
const createRandom = (seed: number) => {
  let state = seed
  return (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

t.test('never more than ten in any quarter of an hour, and always ten if so many ask', async (t) => {
  const clock = holdClock(t)
  const random = createRandom(7)
  const limiter = createPodLimiter()
  const taken: number[] = []
  let wronglyRefused = 0
  for (let time = 0; time < 3_000; time += 1) {
    // Bursts, and pauses of up to a few windows.
    clock.pass(random() < 0.02 ? random() * 40 * MINUTE : random() * 2 * MINUTE)
    const { current } = limiter.take('ada', TEN_IN_A_QUARTER)
    const since = clock.now() - TEN_IN_A_QUARTER.windowMs
    const inWindow = taken.slice(-TEN_IN_A_QUARTER.max).filter((at) => at > since).length
    if (current <= TEN_IN_A_QUARTER.max) taken.push(clock.now())
    else if (inWindow < TEN_IN_A_QUARTER.max) wronglyRefused += 1
  }
  const tooClose = taken.filter((at, i) => (taken[i + 10] ?? Number.POSITIVE_INFINITY) - at < 15 * MINUTE)
  t.strictSame(tooClose, [], 'an eleventh is a window later than the first')
  t.equal(wronglyRefused, 0, 'what was refused is not counted')
  t.ok(taken.length > 1_000)
})

t.test('it says when to come again', async (t) => {
  const clock = holdClock(t)
  const limiter = createPodLimiter()
  t.strictSame(limiter.take('ada', TEN_IN_A_QUARTER), { current: 1, ttlMs: 15 * MINUTE })
  clock.pass(MINUTE)
  for (let time = 2; time <= 10; time += 1) limiter.take('ada', TEN_IN_A_QUARTER)
  const { current, ttlMs } = limiter.take('ada', TEN_IN_A_QUARTER)
  t.strictSame({ current, ttlMs }, { current: 11, ttlMs: 14 * MINUTE })
  clock.pass(ttlMs - 1)
  t.equal(limiter.take('ada', TEN_IN_A_QUARTER).current, 11)
  clock.pass(1)
  t.equal(limiter.take('ada', TEN_IN_A_QUARTER).current, 10, 'one more, not ten')
  t.equal(limiter.take('ada', TEN_IN_A_QUARTER).current, 11)
})

t.test('large allowances are counted by the window', async (t) => {
  const clock = holdClock(t)
  const limiter = createPodLimiter()
  const allowance = { max: 1_000, windowMs: MINUTE }
  const take = () => limiter.take('ada', allowance)
  for (let time = 1; time < 1_000; time += 1) take()
  t.equal(take().current, 1_000)
  clock.pass(MINUTE - 1)
  t.strictSame(take(), { current: 1_001, ttlMs: 1 })
  clock.pass(1)
  t.strictSame(take(), { current: 1, ttlMs: MINUTE })
})

t.test('keys do not count for each other, and the least recently used one goes', async (t) => {
  holdClock(t)
  const limiter = createPodLimiter(2)
  const take = (key: string) => limiter.take(key, TEN_IN_A_QUARTER).current
  t.equal(take('ada'), 1)
  t.equal(take('eve'), 1)
  t.equal(take('ada'), 2)
  t.equal(take('bob'), 1)
  t.equal(take('ada'), 3, 'used in between')
  t.equal(take('eve'), 1, 'forgotten')
})
