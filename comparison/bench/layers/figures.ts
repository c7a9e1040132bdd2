import { type Spread, spreadOf } from '../report/statistics.js'
import { LAYERS, type LayerId, pathTo } from './layers.js'
import type { LayerResults } from './results.js'

/** Where a request's way ends. */
export const ENDS = ['whole-hit', 'whole'] as const satisfies readonly LayerId[]

export interface LayerRow {
  readonly id: LayerId
  /** Processor time of a request that goes as far as here, microseconds. */
  readonly total: Spread
  /** What this layer adds to the one that it stands on, taken within each round; the first adds itself. */
  readonly added: Spread
  /** The part of the whole that it adds, for each end; undefined where it is not on the way. */
  readonly shares: Readonly<Record<(typeof ENDS)[number], number | undefined>>
}

const timesOf = ({ layers }: LayerResults, id: LayerId): number[] => {
  const found = layers.find((layer) => layer.id === id)
  if (!found) throw new Error(`${id} was not measured`)
  return found.rounds.map(({ cpuMicroseconds }) => cpuMicroseconds)
}

/** Round by round: whatever slowed the machine down then slowed both. */
const addedBy = (results: LayerResults, id: LayerId): Spread => {
  const { after } = LAYERS[id]
  const own = timesOf(results, id)
  if (after === undefined) return spreadOf(own)
  const before = timesOf(results, after)
  return spreadOf(own.map((value, round) => value - (before[round] ?? Number.NaN)))
}

/** @throws Error when a layer that another one stands on was not measured */
export const layerRowsOf = (results: LayerResults): LayerRow[] =>
  results.layers.map(({ id }) => {
    const added = addedBy(results, id)
    const shareOf = (end: (typeof ENDS)[number]): number | undefined =>
      pathTo(end).includes(id) ? added.middle / spreadOf(timesOf(results, end)).middle : undefined
    return {
      id,
      total: spreadOf(timesOf(results, id)),
      added,
      shares: { 'whole-hit': shareOf('whole-hit'), whole: shareOf('whole') },
    }
  })
