import { setTimeout as wait } from 'node:timers/promises'
import postgres from 'postgres'

const STATEMENT_LIMIT_MS = 15_000
const WORK_LIMIT_MS = 60_000

/** @throws Error that names `what` when it takes longer */
export const within = async <T>(what: string, limitMs: number, work: Promise<T>): Promise<T> => {
  const watch = new AbortController()
  const late = wait(limitMs, undefined, { signal: watch.signal }).then(() => {
    throw new Error(`${what} took longer than ${limitMs / 1_000} s`)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    watch.abort()
    late.catch(() => {})
  }
}

/** Looks until there is something. @returns undefined when there was nothing within the limit */
export const until = async <T>(
  look: () => Promise<T | undefined> | T | undefined,
  limitMs: number,
): Promise<T | undefined> => {
  const deadline = Date.now() + limitMs
  for (;;) {
    const found = await look()
    if (found !== undefined || Date.now() > deadline) return found
    await wait(50)
  }
}

/** A connection for one piece of work, with an end even at a server that says nothing. */
export const withSql = async <T>(
  url: string,
  work: (sql: postgres.Sql) => Promise<T>,
  limitMs = WORK_LIMIT_MS,
): Promise<T> => {
  const sql = postgres(url, {
    ...{ max: 1, connect_timeout: 10, onnotice: () => {} },
    connection: { application_name: 'unnest-fleet', statement_timeout: STATEMENT_LIMIT_MS },
  })
  try {
    return await within('work in the database', limitMs, work(sql))
  } finally {
    await sql.end({ timeout: 2 })
  }
}
