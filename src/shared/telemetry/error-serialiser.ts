/** An error as it stands in a log line. */
export interface SerialisedError {
  type: string
  message: string
  code?: string
  stack?: string
  constraint?: string
  cause?: SerialisedError
}

const MAX_CAUSES = 5

const FAILED_QUERY = 'Failed query: '

const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)

/**
 * A failed query's message ends with its parameters: password hashes, e-mail addresses, tokens. The
 * statement and the database's own code say enough, so the values never reach a log.
 */
const messageOf = (error: Error): string => {
  const query = 'query' in error ? textOf(error.query) : undefined
  return query === undefined || !('params' in error) ? error.message : `${FAILED_QUERY}${query}`
}

/** A stack repeats the message on its first lines: only the frames are kept. */
const framesOf = (error: Error): string | undefined => {
  const frames = error.stack?.split('\n').filter((line) => /^\s+at /.test(line))
  return frames?.length ? frames.join('\n') : undefined
}

/**
 * Describes what was thrown without the personal data that drivers put into their errors (drizzle's
 * `params`, Postgres' `detail`); follows at most five causes.
 */
export const serialiseError = (thrown: unknown, depth = 0): SerialisedError => {
  if (!(thrown instanceof Error)) return { type: typeof thrown, message: String(thrown) }
  const code = 'code' in thrown ? textOf(thrown.code) : undefined
  const constraint = 'constraint_name' in thrown ? textOf(thrown.constraint_name) : undefined
  const stack = framesOf(thrown)
  return {
    type: thrown.name,
    message: messageOf(thrown),
    ...(code !== undefined && { code }),
    ...(constraint !== undefined && { constraint }),
    ...(stack !== undefined && { stack }),
    ...(thrown.cause !== undefined &&
      depth < MAX_CAUSES && { cause: serialiseError(thrown.cause, depth + 1) }),
  }
}

/** Why something failed, for a person; of a query first what the database said of it, for that is short. */
export const reasonOf = (thrown: unknown): string => {
  const { message, cause } = serialiseError(thrown)
  return cause && message.startsWith(FAILED_QUERY) ? `${cause.message}. ${message}` : message
}
