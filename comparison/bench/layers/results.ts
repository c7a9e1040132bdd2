import { z } from 'zod'
import { circumstances, measure } from '../results.js'
import { LAYER_IDS } from './layers.js'

/** What the layers cost, as it lies in comparison/results/layers.json; as many rounds for each as there were. */
export const layerResults = circumstances.extend({
  layers: z.array(z.object({ id: z.enum(LAYER_IDS), rounds: z.array(measure).min(1) })).min(1),
})
export type LayerResults = z.infer<typeof layerResults>
