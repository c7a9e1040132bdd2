import { z } from 'zod'
import { pageOf } from '../shared/http/envelope.js'
import { id } from '../shared/http/id.js'
import { pageQuery } from '../shared/http/pagination.js'
import { line } from '../shared/http/text.js'
import { ROLES } from '../shared/principal.js'

const MAX_NAME_LENGTH = 100
const MAX_SEARCH_LENGTH = 100

/** The full record, for its owner. */
export const userSchema = z.object({
  id: z.uuid(),
  email: z.string(),
  emailVerified: z.boolean(),
  name: z.string(),
  avatarUrl: z.string().nullable(),
  role: z.enum(ROLES),
  createdAt: z.iso.datetime(),
  updatedAt: z.iso.datetime(),
})

/** The same for admins, who see the disabled ones too. */
export const managedUserSchema = userSchema.extend({ disabled: z.boolean() })

export const managedUserPage = pageOf(managedUserSchema)

/** What any signed-in caller may see of somebody. */
export const profileSchema = z.object({
  id: z.uuid(),
  name: z.string(),
  avatarUrl: z.string().nullable(),
  createdAt: z.iso.datetime(),
})

export const userParams = z.strictObject({ id })

const isNotEmpty = (changes: object): boolean => Object.keys(changes).length > 0
const somethingToChange = { error: 'must name something to change' }

export const ownChangesBody = z
  .strictObject({
    name: line(1, MAX_NAME_LENGTH).optional(),
    avatarUploadId: id.nullable().optional().meta({ description: 'An upload of one’s own that is ready' }),
  })
  .refine(isNotEmpty, somethingToChange)

export const managedChangesBody = z
  .strictObject({ role: z.enum(ROLES).optional(), disabled: z.boolean().optional() })
  .refine(isNotEmpty, somethingToChange)

export const usersQuery = pageQuery.extend({
  role: z.enum(ROLES).optional(),
  q: line(1, MAX_SEARCH_LENGTH)
    .optional()
    .meta({ description: 'How the e-mail address or the name begins, in whatever case' }),
})

export type User = z.infer<typeof userSchema>
export type ManagedUser = z.infer<typeof managedUserSchema>
export type Profile = z.infer<typeof profileSchema>
export type OwnChanges = z.infer<typeof ownChangesBody>
export type ManagedChanges = z.infer<typeof managedChangesBody>
