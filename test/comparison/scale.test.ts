import t from 'tap'
import { scalePage, scaleRowsOf } from '../../comparison/bench/scale/page.js'
import { type ScaleResults, scaleResults } from '../../comparison/bench/scale/results.js'
import { plantedCircumstances } from '../support/comparison-figures.js'

const turn = (cpuMicroseconds: number, requestsPerSecond: number) => ({ cpuMicroseconds, requestsPerSecond })

const planted = (cores: number): ScaleResults =>
  scaleResults.parse({
    ...plantedCircumstances,
    machine: { ...plantedCircumstances.machine, cores },
    scenarios: [
      {
        title: 'GET /x',
        connections: 50,
        one: [turn(100, 1_000), turn(200, 500), turn(100, 1_000)],
        two: [turn(110, 1_900), turn(200, 1_000), turn(100, 2_000)],
      },
    ],
  })

t.test('two processes are compared with one within each round', async (t) => {
  const [row] = scaleRowsOf(planted(4))
  t.strictSame(row?.cost, { low: 1, middle: 1, high: 1.1 })
  t.strictSame(row?.rate, { low: 1.9, middle: 2, high: 2 })
  t.match(
    scalePage(planted(4)),
    '| 100 (100 to 200) | 110 (100 to 200) | 1.00 (1.00 to 1.10) | 2.00 (1.90 to 2.00) |',
  )
})

t.test(
  'where they would share a core, requests a second are not compared, and the page says so',
  async (t) => {
    t.equal(scaleRowsOf(planted(2))[0]?.rate, undefined)
    t.match(scalePage(planted(2)), /Requests a second are not compared: that takes 4 cores/)
  },
)
