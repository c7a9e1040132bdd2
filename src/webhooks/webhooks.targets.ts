import { validationFailed } from '../shared/errors.js'
import { checkTarget } from '../shared/outbound/targets.js'

/**
 * Makes the rule of which addresses a webhook may have. Only a first look: what a name leads to is judged with each
 * connection. What is returned throws validation_failed.
 */
export const createTargetRule =
  (allowPrivate: boolean) =>
  (url: string): void => {
    const refusal = checkTarget(url, { allowPrivate })
    if (refusal) throw validationFailed({ facts: { errors: [{ path: 'url', message: refusal.reason }] } })
  }
