import t from 'tap'
import type { Allowance } from '../../src/shared/limits/allowance.js'
import { createLeases, type TakePieces } from '../../src/shared/limits/leases.js'
import { holdClock } from '../support/clock.js'

const MINUTE = 60_000
const THOUSAND: Allowance = { max: 1_000, windowMs: MINUTE }
/** What a pod may hold and not use. */
const LEASE = 10

/** The count that all pods share, as Redis keeps it. */
const createCount = (now: () => number) => {
  let [count, end, asked] = [0, 0, 0]
  const take: TakePieces = async (_key, { windowMs }, pieces) => {
    asked += 1
    if (now() >= end) [count, end] = [0, now() + windowMs]
    count += pieces
    return { current: count, ttlMs: end - now() }
  }
  return { take, asked: () => asked }
}

t.test(
  'no more than the allowance in a window, whichever pod is asked; few ask the common count',
  async (t) => {
    const clock = holdClock(t)
    const { take, asked } = createCount(clock.now)
    const pods = [createLeases(take), createLeases(take), createLeases(take)]
    for (const window of ['first', 'second']) {
      let allowed = 0
      const before = asked()
      for (let n = 0; n < 1_500; n += 1) {
        clock.pass(10)
        const { current, ttlMs } = (await pods[(n * n) % 3]?.take('ada', THOUSAND)) ?? {}
        if (current !== undefined && current <= THOUSAND.max) allowed += 1
        t.ok(ttlMs !== undefined && ttlMs > 0 && ttlMs <= MINUTE)
      }
      t.ok(allowed <= THOUSAND.max && allowed > THOUSAND.max - LEASE * pods.length, `${window}: ${allowed}`)
      t.ok(asked() - before <= 1_500 / LEASE + pods.length)
      // What is left of a lease goes with its window.
      clock.pass(MINUTE)
    }
  },
)

t.test('a crowd asks once for ten, and nobody gets the number of another', async (t) => {
  const clock = holdClock(t)
  const { take, asked } = createCount(clock.now)
  const { take: takeOne } = createLeases(take)
  const numbers = await Promise.all(Array.from({ length: 25 }, () => takeOne('ada', THOUSAND)))
  t.equal(new Set(numbers.map(({ current }) => current)).size, 25)
  t.equal(asked(), 3)
})

t.test('a crowd whose allowance is large does not wait for one answer after another', async (t) => {
  const clock = holdClock(t)
  const { take, asked } = createCount(clock.now)
  const { take: takeOne } = createLeases(take)
  const allowance = { max: 100_000, windowMs: MINUTE }
  const numbers = await Promise.all(Array.from({ length: 200 }, () => takeOne('ada', allowance)))
  t.equal(new Set(numbers.map(({ current }) => current)).size, 200)
  t.equal(asked(), 2, 'for the first, and for those that came meanwhile')
  t.equal((await takeOne('ada', allowance)).current, 201, 'for nobody else')
})

t.test('a failure is told to all who wait, and the next one asks again', async (t) => {
  const clock = holdClock(t)
  const { take } = createCount(clock.now)
  let isAway = true
  const leases = createLeases((...of) => (isAway ? Promise.reject(new Error('away')) : take(...of)))
  const both = await Promise.allSettled([leases.take('ada', THOUSAND), leases.take('ada', THOUSAND)])
  t.strictSame(
    both.map(({ status }) => status),
    ['rejected', 'rejected'],
  )
  isAway = false
  t.match(await leases.take('ada', THOUSAND), { current: 1, ttlMs: MINUTE })
})
