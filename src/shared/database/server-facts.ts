import { sql } from 'drizzle-orm'
import type { Executor } from './client.js'

export interface ServerFacts {
  readonly version: string
  /** Those that roles without special rights can have, all together. */
  readonly connections: number
  /** What this session has; times in milliseconds, 0 for none. */
  readonly session: {
    readonly default_transaction_isolation: string
    readonly statement_timeout: number
    readonly lock_timeout: number
    readonly idle_in_transaction_session_timeout: number
  }
}

/** Asks Postgres what it is and what it gives. */
export const readServerFacts = async (executor: Executor): Promise<ServerFacts> => {
  const [row] = await executor.execute<{ facts: ServerFacts }>(sql`
    select json_build_object(
      'version', split_part(current_setting('server_version'), ' ', 1),
      'connections', current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
        - coalesce(current_setting('reserved_connections', true), '0')::int,
      'session', (select json_object_agg(name, case when unit = 'ms' then to_json(setting::int) else to_json(setting) end)
        from pg_settings where name in ('default_transaction_isolation', 'statement_timeout', 'lock_timeout',
          'idle_in_transaction_session_timeout'))
    ) as facts`)
  if (row === undefined) throw new Error('Postgres said nothing of itself')
  return row.facts
}
