import { z } from 'zod'

/** What the load generator is told when it starts. */
export const loadOrder = z.object({
  url: z.string(),
  productId: z.string(),
  buyers: z.array(z.object({ id: z.string(), token: z.string() })).min(1),
})
export type LoadOrder = z.infer<typeof loadOrder>

const sample = z.object({ at: z.number(), took: z.number(), ok: z.boolean() })

/** What it says. */
export const report = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('samples'), samples: z.array(sample) }),
  z.object({ kind: z.literal('effects'), acknowledged: z.array(z.string()), unanswered: z.number() }),
])
export type Report = z.infer<typeof report>
