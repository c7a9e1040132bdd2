import t from 'tap'
import { delayBeforeNext } from '../../../src/shared/queue/backoff.js'

const seen = (settings: Parameters<typeof delayBeforeNext>[0], failed: number) => {
  const delays = Array.from({ length: 500 }, () => delayBeforeNext(settings, failed))
  return { least: Math.min(...delays), most: Math.max(...delays), different: new Set(delays).size }
}

t.test('each pause is twice the last one, up to an hour, and never the same for all', async (t) => {
  for (const [failed, middle] of [
    [1, 1_000],
    [2, 2_000],
    [5, 16_000],
    [30, 3_600_000],
  ] as const) {
    const { least, most, different } = seen({ backoffMs: 1_000 }, failed)
    t.ok(least >= middle * 0.75 && most <= middle * 1.25, `${failed}: ${least} to ${most}`)
    t.ok(different > 100)
  }
})

t.test('a schedule is kept to, and its last step repeats', async (t) => {
  const delaysMs = [5_000, 300_000]
  for (const [failed, middle] of [
    [1, 5_000],
    [2, 300_000],
    [3, 300_000],
  ] as const) {
    const { least, most } = seen({ backoffMs: 1, delaysMs }, failed)
    t.ok(least >= middle * 0.9 && most <= middle * 1.1, `${failed}: ${least} to ${most}`)
  }
})
