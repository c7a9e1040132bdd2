/** Where a request came from, as far as it can be known. Facts for people to read, never to decide by. */
export interface Origin {
  /** An IP address that Postgres' `inet` takes; null when the socket was gone or a proxy sent none. */
  readonly address: string | null
  /** At most 200 characters, as the client gave it. */
  readonly userAgent: string | null
  readonly requestId: string
}
