import { z } from 'zod'
import { pageOf } from '../shared/http/envelope.js'
import { id } from '../shared/http/id.js'

export const sessionSchema = z.object({
  id: z.uuid(),
  userAgent: z.string().nullable(),
  address: z.string().nullable(),
  createdAt: z.iso.datetime(),
  lastUsedAt: z.iso.datetime(),
  expiresAt: z.iso.datetime(),
  current: z.boolean().meta({ description: 'Whether it is the session of this very request' }),
})

export const sessionPage = pageOf(sessionSchema)

export const sessionParams = z.strictObject({ id })

export type Session = z.infer<typeof sessionSchema>
