import { z } from 'zod'
import { pageOf } from '../shared/http/envelope.js'
import { id } from '../shared/http/id.js'
import { pageQuery } from '../shared/http/pagination.js'
import { line } from '../shared/http/text.js'
import { WEBHOOK_EVENTS } from './webhooks.events.js'
import { DELIVERY_FAILURES, DELIVERY_STATUSES, DISABLED_REASONS } from './webhooks.states.js'

const MAX_URL_LENGTH = 2_000
const MAX_DESCRIPTION_LENGTH = 200

const event = z.enum(WEBHOOK_EVENTS)

const events = z
  .array(event)
  .min(1)
  .max(WEBHOOK_EVENTS.length)
  .refine((given) => new Set(given).size === given.length, 'must not name an event twice')

const url = line(1, MAX_URL_LENGTH).meta({
  description: 'https (or http), no private address, no password, no fragment; kept in its normal form',
})
const description = line(0, MAX_DESCRIPTION_LENGTH)

export const newWebhookBody = z.strictObject({ url, events, description: description.default('') })

export const webhookChangesBody = z
  .strictObject({
    url: url.optional(),
    events: events.optional(),
    description: description.optional(),
    enabled: z.boolean().optional(),
  })
  .refine((changes) => Object.keys(changes).length > 0, { error: 'must name something to change' })

export const webhookSchema = z.object({
  id: z.uuid(),
  url: z.string(),
  events: z.array(event),
  description: z.string(),
  enabled: z.boolean(),
  disabledReason: z
    .enum(DISABLED_REASONS)
    .nullable()
    .meta({ description: 'Why the service disabled it: it answered 410, or failed for days' }),
  previousSecretExpiresAt: z.iso
    .datetime()
    .nullable()
    .meta({ description: 'Until then the secret before the last rotation signs as well' }),
  createdAt: z.iso.datetime(),
  updatedAt: z.iso.datetime(),
})

export const webhookWithSecretSchema = webhookSchema.extend({
  secret: z.string().meta({ description: 'Shown this once' }),
})

export const webhookPage = pageOf(webhookSchema)
export const webhookParams = z.strictObject({ id })
export const deliveryParams = z.strictObject({ id, deliveryId: id })

const attemptSchema = z.object({
  number: z.int(),
  status: z.int().nullable().meta({ description: 'Null: there was no answer' }),
  error: z.string().nullable().meta({ description: 'Null: it was a success' }),
  durationMs: z.int(),
  answer: z.string().meta({ description: 'The first KB of it' }),
  createdAt: z.iso.datetime(),
})

export const deliverySchema = z.object({
  id: z.uuid(),
  messageId: z.uuid().meta({ description: 'The webhook-id of every try' }),
  type: event,
  status: z.enum(DELIVERY_STATUSES),
  failure: z.enum(DELIVERY_FAILURES).nullable(),
  attempts: z.int(),
  nextAttemptAt: z.iso
    .datetime()
    .nullable()
    .meta({ description: 'About when, unless the webhook is changed' }),
  lastAttempt: attemptSchema.nullable(),
  createdAt: z.iso.datetime(),
  endedAt: z.iso.datetime().nullable(),
})

export const deliveryPage = pageOf(deliverySchema)

export const deliveryDetailSchema = deliverySchema.omit({ lastAttempt: true }).extend({
  body: z.string().meta({ description: 'As it is sent, byte by byte' }),
  log: z.array(attemptSchema).meta({ description: 'The last fifty tries, newest first' }),
})

export const deliveriesQuery = pageQuery.extend({ status: z.enum(DELIVERY_STATUSES).optional() })

export type NewWebhook = z.infer<typeof newWebhookBody>
export type WebhookChanges = z.infer<typeof webhookChangesBody>
export type Webhook = z.infer<typeof webhookSchema>
export type Attempt = z.infer<typeof attemptSchema>
export type Delivery = z.infer<typeof deliverySchema>
export type DeliveryDetail = z.infer<typeof deliveryDetailSchema>
