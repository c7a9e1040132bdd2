import { setImmediate as nextTurn } from 'node:timers/promises'
import t from 'tap'
import { inBatches } from '../../src/shared/batch.js'

/** Batches end when the test says so, each item with its double. */
const createDoubling = (limit: number) => {
  const batches: { readonly items: readonly number[]; readonly end: () => void }[] = []
  const double = inBatches(
    limit,
    (items: readonly number[]) =>
      new Promise<number[]>((resolve) => {
        batches.push({ items, end: () => resolve(items.map((item) => item * 2)) })
      }),
  )
  const sizes = () => batches.map(({ items }) => items.length)
  return { double, batches, sizes }
}

t.test(
  'what is asked in one turn goes out together, and what comes later does not wait for it',
  async (t) => {
    const { double, batches, sizes } = createDoubling(10)
    const first = [1, 2, 3, 4].map(double)
    await nextTurn()
    t.strictSame(sizes(), [4])
    const second = double(5)
    await nextTurn()
    t.strictSame(sizes(), [4, 1])
    batches[1]?.end()
    t.equal(await second, 10)
    batches[0]?.end()
    t.strictSame(await Promise.all(first), [2, 4, 6, 8])
  },
)

t.test('more than a few batches at once there are not: the next one gathers, up to its limit', async (t) => {
  const { double, batches, sizes } = createDoubling(2)
  const results: Promise<number>[] = []
  for (const item of [1, 2, 3, 4, 5, 6]) {
    results.push(double(item))
    await nextTurn()
  }
  t.strictSame(sizes(), [1, 1, 1])
  batches[0]?.end()
  await nextTurn()
  t.strictSame(sizes(), [1, 1, 1, 2])
  batches[1]?.end()
  await nextTurn()
  t.strictSame(sizes(), [1, 1, 1, 2, 1])
  for (const { end } of batches) end()
  t.strictSame(await Promise.all(results), [2, 4, 6, 8, 10, 12])
})
