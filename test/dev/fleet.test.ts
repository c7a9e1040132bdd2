import { join } from 'node:path'
import t from 'tap'
import { compareEffects, compareMails, percentile, recoveryOf } from '../../dev/fleet/figures.js'
import { createNames } from '../../dev/fleet/names.js'
import { figuresOf, readFigures, readResults, tableOf } from '../../dev/fleet/page.js'
import { rowOf, rowOfError } from '../../dev/fleet/rows.js'
import type { Scenario } from '../../dev/fleet/scenario.js'
import { SCENARIOS } from '../../dev/fleet/scenarios.js'
import type { Seen } from '../../dev/fleet/seen.js'

t.test('a percentile is a value that was measured', async (t) => {
  const values = Array.from({ length: 100 }, (_, n) => 100 - n)
  t.equal(percentile(values, 0.99), 99)
  t.equal(percentile(values, 0.5), 50)
  t.equal(percentile([7], 0.99), 7)
  t.equal(percentile([], 0.99), 0)
})

const failed = { status: 503, ok: false, putOff: true }
const answered = { status: 200, ok: true, putOff: false }

t.test('recovery lasts until the last failed request after the fault was answered', async (t) => {
  const samples = [
    { at: 900, took: 50, ...failed },
    { at: 1_100, took: 300, ...failed },
    { at: 1_200, took: 20, ...answered },
  ]
  t.equal(recoveryOf(samples, 1_000), 400)
  t.equal(recoveryOf(samples.slice(2), 1_000), 0)
})

t.test('lost and doubled effects are told apart', async (t) => {
  t.same(compareEffects(['a', 'b'], ['b', 'a']), { lost: 0, doubled: 0 })
  t.same(compareEffects(['a', 'b'], ['a']), { lost: 1, doubled: 0 })
  t.same(compareEffects(['a'], ['a', 'x']), { lost: 0, doubled: 1 })
  t.same(compareEffects(['a', 'a'], ['a']), { lost: 0, doubled: 1 }, 'two keys answered with one order')
  t.same(compareMails([1, 1, 1]), { missing: 0, repeated: 0 })
  t.same(compareMails([0, 1, 3]), { missing: 1, repeated: 2 })
})

t.test('a user has the last acknowledged name, or one whose answer was not it', async (t) => {
  const namesAfter = (...statuses: readonly number[]) => {
    const names = createNames()
    for (const status of statuses) names.answered(names.next(), status)
    return names.possible()
  }
  t.same(namesAfter(200, 200), ['Buyer 2'])
  t.same(namesAfter(200, 503), ['Buyer 1', 'Buyer 2'], 'it may have been done before the answer')
  t.same(namesAfter(200, 503, 200), ['Buyer 3'], 'but not after')
  t.same(namesAfter(200, 0, 200), ['Buyer 3', 'Buyer 2'], 'what hangs somewhere may be done at any time')
})

const scenario: Scenario = {
  ...{ id: 'planted', title: 'Planted', noFailures: true, mailsMayRepeat: false },
  act: async () => [],
}
const effects = {
  ...{ lost: 0, doubled: 0, unanswered: 0, wrongNames: 0, mailsMissing: 0, mailsRepeated: 0 },
  ...{ deadLetters: 0, openJobs: 0, failedJobs: 0 },
}
const samples = [
  { at: 50, took: 7, ...answered },
  { at: 150, took: 8, ...answered },
  { at: 250, took: 9, ...answered },
]
const seen: Seen = { samples, begun: 100, ended: 200, effects }
const failure = { at: 260, took: 10, ...failed }

t.test('a promise is kept when nothing that it excludes was seen', async (t) => {
  const brokenBy = (changed: Partial<Scenario>, other: Partial<Seen> = {}) =>
    rowOf({ ...scenario, ...changed }, { ...seen, ...other }, []).broken
  t.same(brokenBy({}), [])
  t.same(brokenBy({}, { samples: [] }), ['1 load generator without a request'])
  t.same(brokenBy({}, { samples: [...samples, failure] }), ['1 requests failed'])
  t.same(brokenBy({ noFailures: false }, { samples: [...samples, failure] }), [])
  for (const name of ['lost', 'doubled', 'unanswered', 'wrongNames', 'mailsMissing'] as const) {
    t.equal(brokenBy({}, { effects: { ...effects, [name]: 2 } }).length, 1, name)
  }
  for (const name of ['mailsRepeated', 'deadLetters', 'openJobs'] as const) {
    t.equal(brokenBy({}, { effects: { ...effects, [name]: 2 } }).length, 1, name)
  }
  t.same(brokenBy({ mailsMayRepeat: true }, { effects: { ...effects, mailsRepeated: 2 } }), [])
  const judge = () => [{ text: 'too slow', kept: false }]
  t.same(brokenBy({ judge }), ['too slow'])
  t.same(rowOf(scenario, seen, judge()).broken, ['too slow'], 'whoever says it')
  t.same(rowOfError(scenario, new Error('no fleet\nhere')).broken, ['stopped: no fleet'])
})

t.test(
  'failures are told apart by their status, their time and their words, the most frequent first',
  async (t) => {
    const findingsOf = (failures: Seen['samples']) =>
      rowOf(scenario, { ...seen, samples: [...samples, ...failures] }, []).findings.map(({ text }) => text)
    t.same(findingsOf([]), [])
    const said = 'a profile: Too much is going on'
    const unanswered = { ...failure, at: 150, status: 0, said: 'a new name: no answer' }
    t.same(
      findingsOf([unanswered, { ...failure, at: 99, said }, { ...failure, said }, { ...failure, said }]),
      [
        `failures: 2 x 503 after the fault (${said}), 1 x nothing during the fault (a new name: no answer), 1 x 503 before the fault (${said})`,
      ],
    )
    const many = Array.from({ length: 7 }, (_, n) => ({ ...failure, said: `kind ${n}` }))
    t.match(findingsOf(many), [/kind 4\), 2 others$/])
  },
)

t.test('a row of the page says whether the promise was kept', async (t) => {
  const row = rowOf(scenario, { ...seen, samples: [...samples, failure] }, [])
  const [header, rule, broken, kept] = tableOf([row, { ...row, broken: [] }]).split('\n')
  t.equal(header?.split('|').length, kept?.split('|').length)
  t.match(rule, /^(\|---)+\|$/)
  t.equal(kept, '| Planted | 4 | 1 | 7 | 8 | 10 | 10 | 70 | 0 | 0 | 0 | 0 | 0 | 0 | 0 | kept |')
  t.match(broken, /\| \*\*broken\*\*: 1 requests failed \|$/)
})

t.test('the page says what the kept figures say, of the scenarios that there are', async (t) => {
  const docs = join(import.meta.dirname, '../../docs')
  const kept = readResults(docs)
  t.equal(readFigures(docs), figuresOf(kept), 'docs/resilience.md: npm run test:fleet -- --pages')
  t.same(
    kept.rows.map(({ id, title }) => ({ id, title })),
    SCENARIOS.map(({ id, title }) => ({ id, title })),
    'another scenario or title wants a run of npm run test:fleet',
  )
  t.equal(new Set(SCENARIOS.map(({ id }) => id)).size, SCENARIOS.length)
})
