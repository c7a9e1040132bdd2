import { z } from 'zod'

/** What the load generator is told when it starts; each client is one buyer. */
export const loadOrder = z.object({
  url: z.string(),
  productId: z.string(),
  buyers: z.array(z.object({ id: z.string(), email: z.string(), token: z.string() })).min(1),
})
export type LoadOrder = z.infer<typeof loadOrder>

const sample = z.object({
  at: z.number(),
  took: z.number(),
  status: z.number(),
  ok: z.boolean(),
  putOff: z.boolean(),
  said: z.string().optional(),
})

const effects = z.object({
  kind: z.literal('effects'),
  /** The orders that the keys were answered with. */
  acknowledged: z.array(z.string()),
  unanswered: z.number(),
  /** The names that each buyer may have: the last acknowledged one, and those whose answer did not come. */
  names: z.array(z.object({ id: z.string(), possible: z.array(z.string()) })),
})
export type Effects = z.infer<typeof effects>

/** What it says. */
export const report = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('samples'), samples: z.array(sample) }),
  effects,
])
export type Report = z.infer<typeof report>
