import { z } from 'zod'

/** The number of an event in its user's stream, as a text; 0 is before the first one. */
export const eventId = z.string().regex(/^(0|[1-9]\d{0,14})$/, 'must be the id of an event')

export const realtimeQuery = z.strictObject({
  lastEventId: eventId.optional().meta({
    description: 'The id of the last message that the client has; what came after it is sent first.',
  }),
})

/**
 * `ready`: the events that follow begin behind `id`, and what the client reads by REST from here on is no older than that.
 * `reset`: more was missed than is sent again. What the client shows has to be read anew; it goes on behind `id`.
 */
const start = z.object({ type: z.enum(['ready', 'reset']), id: eventId })

/** This pod closes the socket with 1012: connect again after so many milliseconds, with the last id. */
const reconnect = z.object({ type: z.literal('reconnect'), afterMs: z.int().min(0) })

const event = z.object({
  type: z.string().regex(/^(order|upload)\.[a-z]+$/),
  id: eventId,
  occurredAt: z.iso.datetime(),
  data: z.record(z.string(), z.unknown()),
})

/** Everything that the service says on a socket; the client says nothing. */
export const realtimeMessage = z.union([start, reconnect, event])

export type RealtimeMessage = z.infer<typeof realtimeMessage>
