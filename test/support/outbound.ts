import { OutboundError } from '../../src/shared/outbound/outbound.errors.js'
import {
  createOutbound,
  type Outbound,
  type OutboundOptions,
  type OutboundRequest,
} from '../../src/shared/outbound/outbound.js'
import type { Test } from './environment.js'

/** A client that may call 127.0.0.1, where every name leads; closed at the end. */
export const openOutbound = (t: Test, options: Partial<OutboundOptions> = {}): Outbound => {
  const outbound = createOutbound({ allowPrivate: true, resolve: async () => ['127.0.0.1'], ...options })
  t.teardown(outbound.close)
  return outbound
}

type Request = Pick<OutboundRequest, 'url'> & Partial<OutboundRequest>

export const post = (outbound: Outbound, request: Request) =>
  outbound.post({ headers: {}, body: '{}', timeoutMs: 10_000, maxResponseBytes: 1_024, ...request })

/** What the request failed with. @throws Error when it did not */
export const failureOf = async (outbound: Outbound, request: Request): Promise<OutboundError> => {
  try {
    await post(outbound, request)
  } catch (error) {
    if (error instanceof OutboundError) return error
    throw error
  }
  throw new Error(`${request.url} was answered`)
}
