/** What came of a request that brought no answer. Stable: delivery logs and circuits go by it. */
export type OutboundErrorCode =
  | 'refused_url'
  | 'refused_address'
  | 'dns_failure'
  | 'connection_failed'
  | 'tls_failure'
  | 'timed_out'
  /** A limit of ours, and nothing that the other server did: the connections it may have are taken. */
  | 'busy'
  | 'invalid_response'
  | 'aborted'

/**
 * A request to somebody else's server that brought no answer. The message may be shown to whoever named the URL: no
 * address is in it, as a name of our own network may be behind it. The cause is for the log.
 */
export class OutboundError extends Error {
  override readonly name = 'OutboundError'

  constructor(
    readonly code: OutboundErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options)
  }
}
