import t from 'tap'
import { layerRowsOf } from '../../comparison/bench/layers/figures.js'
import { LAYER_IDS, LAYERS, type LayerId, pathTo } from '../../comparison/bench/layers/layers.js'
import { layersPage } from '../../comparison/bench/layers/page.js'
import { type LayerResults, layerResults } from '../../comparison/bench/layers/results.js'
import { plantedCircumstances, plantedMeasure } from '../support/comparison-figures.js'

/** Microseconds, round by round: the second round was disturbed, for all alike. */
const PLANTED: Readonly<Record<LayerId, readonly number[]>> = {
  bare: [20, 30, 20],
  trace: [25, 35, 26],
  log: [35, 45, 35],
  metrics: [37, 47, 37],
  rules: [40, 50, 40],
  access: [50, 60, 50],
  signature: [150, 170, 151],
  limits: [70, 80, 70],
  cache: [90, 110, 95],
  'whole-hit': [100, 120, 100],
  validation: [69, 81, 70],
  serialisation: [80, 90, 80],
  query: [180, 190, 180],
  whole: [200, 220, 200],
}

const planted = (ids: readonly LayerId[] = LAYER_IDS): LayerResults =>
  layerResults.parse({
    ...plantedCircumstances,
    layers: ids.map((id) => ({
      id,
      rounds: PLANTED[id].map((cpuMicroseconds) => ({ ...plantedMeasure, cpuMicroseconds })),
    })),
  })

const rowOf = (id: LayerId) => {
  const row = layerRowsOf(planted()).find((known) => known.id === id)
  if (!row) throw new Error(`${id} has no row`)
  return row
}

t.test('what a layer adds is taken within each round', async (t) => {
  t.strictSame(rowOf('bare').added, { low: 20, middle: 20, high: 30 }, 'the first adds itself')
  t.strictSame(rowOf('trace').added, { low: 5, middle: 5, high: 6 })
  t.strictSame(rowOf('cache').added, { low: 20, middle: 25, high: 30 })
  t.strictSame(
    rowOf('validation').added,
    { low: -1, middle: 0, high: 1 },
    'on top of the limits, not of the row above',
  )
  t.strictSame(rowOf('signature').added, { low: 100, middle: 101, high: 110 })
})

t.test('its share is of the whole that it is a part of', async (t) => {
  t.strictSame(rowOf('limits').shares, { 'whole-hit': 0.2, whole: 0.1 })
  t.strictSame(rowOf('cache').shares, { 'whole-hit': 0.25, whole: undefined })
  t.strictSame(rowOf('query').shares, { 'whole-hit': undefined, whole: 0.5 })
  t.strictSame(rowOf('signature').shares, { 'whole-hit': undefined, whole: undefined })
})

t.test('every layer stands on one that comes before it', async (t) => {
  for (const [place, id] of LAYER_IDS.entries()) {
    const { after } = LAYERS[id]
    t.equal(after === undefined, place === 0, id)
    t.ok(after === undefined || LAYER_IDS.indexOf(after) < place, id)
  }
  t.strictSame(pathTo('limits'), ['bare', 'trace', 'log', 'metrics', 'rules', 'access', 'limits'])
})

t.test('figures without a layer that another one stands on make no page', async (t) => {
  t.throws(() => layersPage(planted(LAYER_IDS.filter((id) => id !== 'trace'))), /trace was not measured/)
})

t.test('the page says what the figures say', async (t) => {
  const page = layersPage(planted())
  t.match(
    page,
    '| the general limit, counted in Redis | 70.0 (70.0 to 80.0) | 20.0 (20.0 to 20.0) | 20 % | 10 % |',
  )
  t.match(page, 'no row for OpenTelemetry')
})
