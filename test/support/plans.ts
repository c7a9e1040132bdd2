import { drizzle } from 'drizzle-orm/postgres-js'
import postgres from 'postgres'
import type { Executor } from '../../src/shared/database/client.js'
import type { TestDatabase } from './database.js'
import type { Test } from './environment.js'

export interface Plans {
  /** Remembers what it is asked. */
  readonly database: Executor
  /** How Postgres would answer each question so far. */
  readonly explain: () => Promise<readonly { readonly query: string; readonly plan: string }[]>
}

/** Finds out how queries are answered, as the code asks them. */
export const watchPlans = (t: Test, { sql, url }: TestDatabase): Plans => {
  const client = postgres(url, { max: 1, onnotice: () => {} })
  t.teardown(() => client.end({ timeout: 1 }))
  const asked: { query: string; params: unknown[] }[] = []
  const logQuery = (query: string, params: unknown[]) => void asked.push({ query, params })
  return {
    database: drizzle(client, { logger: { logQuery } }),
    explain: async () => {
      const plans: { query: string; plan: string }[] = []
      for (const { query, params } of asked.filter(({ query }) =>
        /^\s*(with|select|update|delete)\b/i.test(query),
      )) {
        // The driver's own types do not know a date as text.
        const values = params.map((value) =>
          value instanceof Date ? value.toISOString() : value,
        ) as string[]
        const rows = await sql.unsafe(`explain ${query}`, values)
        plans.push({ query, plan: rows.map((row) => row['QUERY PLAN']).join('\n') })
      }
      return plans
    },
  }
}
