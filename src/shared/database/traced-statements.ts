import type { Sql } from 'postgres'
import { currentTraceparent, isSampled } from '../telemetry/trace.js'
import { failureCode, type SpanStart, type Tracer } from '../telemetry/tracer.js'

/** What drizzle uses of the driver, in a transaction and outside. A query is sent when somebody waits for it. */
interface Pending extends PromiseLike<unknown> {
  values: () => PromiseLike<unknown>
}
type Work = (client: Client) => unknown
interface Client {
  unsafe: (text: string, ...rest: readonly unknown[]) => Pending
  begin?: (work: Work) => Promise<unknown>
  savepoint?: (work: Work) => Promise<unknown>
}

/** `SELECT`, `WITH`, ... */
const verbOf = (text: string): string => /^\s*(\w+)/.exec(text)?.[1]?.toUpperCase() ?? 'SQL'

/** The text, which has places where values go: those may be personal data, and are not told. */
const startOf = (text: string) =>
  ({
    name: verbOf(text),
    kind: 'client',
    attributes: { 'db.system.name': 'postgresql', 'db.query.text': text.trim() },
  }) as const

const TRANSACTION = {
  name: 'TRANSACTION',
  kind: 'client',
  attributes: { 'db.system.name': 'postgresql' },
} as const

/**
 * A view of a client, for drizzle: each statement in a trace becomes a span of it, which begins with the wait for a
 * connection, and so does a whole transaction, whose COMMIT nobody else sees. What no trace has caused, such as the look for
 * due jobs each second, makes none.
 */
export const traceStatements = (client: Sql, tracer: Tracer): Sql => {
  const send = (parent: string, start: SpanStart, work: () => PromiseLike<unknown>) => {
    const span = tracer.start(parent, start)
    return work().then(
      (result) => {
        span.end()
        return result
      },
      (error: unknown) => {
        span.end({}, failureCode(error))
        throw error
      },
    )
  }

  const viewOf = (inner: Client): Client => {
    const { begin, savepoint } = inner
    const trace: Client = {
      unsafe: (text, ...rest) => {
        const query = inner.unsafe(text, ...rest)
        // Now: whoever waits for the query may do so in no context at all.
        const parent = currentTraceparent()
        if (!isSampled(parent)) return query
        // As late as without a trace: statements that are sent one behind the other keep their order.
        const lazily = (work: () => PromiseLike<unknown>): PromiseLike<unknown> => ({
          // biome-ignore lint/suspicious/noThenProperty: as the driver's own, it is sent when somebody waits for it.
          then: (done, failed) => send(parent, startOf(text), work).then(done, failed),
        })
        return { ...lazily(() => query), values: () => lazily(() => query.values()) }
      },
      ...(begin && {
        begin: (work) => {
          const run = () => begin.call(inner, (transaction) => work(viewOf(transaction)))
          const parent = currentTraceparent()
          return isSampled(parent) ? Promise.resolve(send(parent, TRANSACTION, run)) : run()
        },
      }),
      ...(savepoint && {
        savepoint: (work) => savepoint.call(inner, (transaction) => work(viewOf(transaction))),
      }),
    }
    return Object.assign(Object.create(inner), trace)
  }
  // Drizzle calls these three, in this form, and reads the options.
  return viewOf(client as unknown as Client) as unknown as Sql
}
