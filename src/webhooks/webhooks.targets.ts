import { validationFailed } from '../shared/errors.js'
import { checkTarget } from '../shared/outbound/targets.js'

/**
 * Makes the rule of which addresses a webhook may have. Only a first look: what a name leads to is judged with each
 * connection. What is returned gives the address as the WHATWG's URL standard writes it, which is how it is called;
 * it throws validation_failed.
 */
export const createTargetRule =
  (allowPrivate: boolean) =>
  (text: string): string => {
    const url = URL.canParse(text) ? new URL(text).href : text
    const refusal = checkTarget(url, { allowPrivate })?.reason
    // Not refused with each call: a webhook that was made before this rule goes on.
    const reason = refusal ?? (url.includes('#') ? 'must not have a fragment' : undefined)
    if (reason !== undefined)
      throw validationFailed({ facts: { errors: [{ path: 'url', message: reason }] } })
    return url
  }
