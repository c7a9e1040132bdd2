import t from 'tap'
import { compareEffects, percentile, recoveryOf } from '../../dev/fleet/figures.js'
import { tableOf } from '../../dev/fleet/page.js'

t.test('a percentile is a value that was measured', async (t) => {
  const values = Array.from({ length: 100 }, (_, n) => 100 - n)
  t.equal(percentile(values, 0.99), 99)
  t.equal(percentile(values, 0.5), 50)
  t.equal(percentile([7], 0.99), 7)
  t.equal(percentile([], 0.99), 0)
})

t.test('recovery lasts until the last failed request after the fault was answered', async (t) => {
  const samples = [
    { at: 900, took: 50, ok: false },
    { at: 1_100, took: 300, ok: false },
    { at: 1_200, took: 20, ok: true },
  ]
  t.equal(recoveryOf(samples, 1_000), 400)
  t.equal(recoveryOf(samples.slice(2), 1_000), 0)
})

t.test('lost and doubled effects are told apart', async (t) => {
  t.same(compareEffects(['a', 'b'], ['b', 'a']), { lost: 0, doubled: 0 })
  t.same(compareEffects(['a', 'b'], ['a']), { lost: 1, doubled: 0 })
  t.same(compareEffects(['a'], ['a', 'x']), { lost: 0, doubled: 1 })
  t.same(compareEffects(['a', 'a'], ['a']), { lost: 0, doubled: 1 }, 'two keys answered with one order')
})

t.test('a row of the page says whether the promise was kept', async (t) => {
  const row = {
    ...{ title: 'Redis gone', requests: 3, failures: 1, recoveryMs: 4, lost: 5, doubled: 6 },
    p99: { before: 7, during: 8, after: 9 },
  }
  const [header, rule, kept, broken] = tableOf([
    { ...row, kept: true },
    { ...row, kept: false },
  ]).split('\n')
  t.equal(header?.split('|').length, kept?.split('|').length)
  t.match(rule, /^(\|---)+\|$/)
  t.equal(kept, '| Redis gone | 3 | 1 | 7 | 8 | 9 | 4 | 5 | 6 | kept |')
  t.equal(broken, '| Redis gone | 3 | 1 | 7 | 8 | 9 | 4 | 5 | 6 | **broken** |')
})
