import { z } from 'zod'
import { circumstances } from '../results.js'

/** All processes together, in one turn. */
const turn = z.object({
  requestsPerSecond: z.number(),
  /** Processor time of all of them, user and system, by the requests of all, microseconds. */
  cpuMicroseconds: z.number(),
})
export type ScaleTurn = z.infer<typeof turn>

/** One process and two, as it lies in comparison/results/scale.json; as many turns each as there were rounds. */
export const scaleResults = circumstances.extend({
  scenarios: z
    .array(
      z.object({
        title: z.string(),
        /** To each process. */
        connections: z.int(),
        one: z.array(turn).min(1),
        two: z.array(turn).min(1),
      }),
    )
    .min(1),
})
export type ScaleResults = z.infer<typeof scaleResults>
