import { z } from 'zod'

/** An id as clients send it; the database answers in lower case, so that is how the service compares. */
export const id = z.uuid().toLowerCase()
