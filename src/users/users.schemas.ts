import { z } from 'zod'
import { id } from '../shared/http/id.js'
import { ROLES } from '../shared/principal.js'

/** The full record, for its owner and for admins. */
export const userSchema = z.object({
  id: z.uuid(),
  email: z.string(),
  name: z.string(),
  role: z.enum(ROLES),
  createdAt: z.iso.datetime(),
  updatedAt: z.iso.datetime(),
})

/** What any signed-in caller may see of somebody. */
export const profileSchema = z.object({
  id: z.uuid(),
  name: z.string(),
  avatarUrl: z.string().nullable(),
  createdAt: z.iso.datetime(),
})

export const userParams = z.strictObject({ id })

export type User = z.infer<typeof userSchema>
export type Profile = z.infer<typeof profileSchema>
