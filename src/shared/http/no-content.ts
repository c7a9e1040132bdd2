import { z } from 'zod'

/** The response schemas of a route that answers 204: there is nothing to say. */
export const noContent = { 204: z.null().meta({ description: 'Done' }) } as const
