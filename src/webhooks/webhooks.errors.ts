import { defineError } from '../shared/errors.js'

/** Also for somebody else's webhook: whether it exists is not theirs to know. */
export const webhookNotFound = defineError('webhook_not_found', 'not_found', 'There is no such webhook.')
/** @throws webhook_not_found when there is none */
export const orNotFound = <T>(found: T | undefined): T => {
  if (found === undefined) throw webhookNotFound()
  return found
}

export const deliveryNotFound = defineError('delivery_not_found', 'not_found', 'There is no such delivery.')
export const tooManyWebhooks = defineError(
  'too_many_webhooks',
  'conflict',
  'There are as many webhooks as one user may have: delete one first.',
)
export const webhookDisabled = defineError(
  'webhook_disabled',
  'conflict',
  'The webhook is disabled: enable it first.',
)
