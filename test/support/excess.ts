import type { Sql } from 'postgres'
import type { Answer } from './app.js'
import { differencesFrom, type Operation } from './openapi.js'

/** What is kept of passwords and tokens, in each spelling that an answer could have. */
export const secretsIn = async (sql: Sql): Promise<string[]> => {
  const rows = await sql<{ secret: Buffer | null }[]>`
    select convert_to(password_hash, 'UTF8') as secret from users
    union select unnest(array[family_hash, refresh_token_hash, previous_token_hash, successor_seed])
      from sessions
    union select token_hash from one_time_tokens`
  const encodings = ['latin1', 'hex', 'base64', 'base64url'] as const
  return rows.flatMap(({ secret }) => (secret ? encodings.map((encoding) => secret.toString(encoding)) : []))
}

/** Names of fields that no answer has, declared or not. */
const NOBODYS_BUSINESS = /"\w*(?:version|hash|seed|password)\w*":/i

/** What an answer has that it should not, in sentences; a secret counts wherever it stands. */
export const excessIn = (
  { responses }: Operation,
  { status, body, text }: Answer,
  secrets: readonly string[],
): string[] => {
  const { content = {} } = responses[status] ?? responses['default'] ?? {}
  const [declared] = Object.values(content)
  const tellsSecret = secrets.some((secret) => text.includes(secret))
  return [
    ...differencesFrom(declared?.schema, body),
    ...(status === 204 && text !== '' ? ['a body'] : []),
    ...(tellsSecret ? ['what is kept of a secret'] : []),
    ...(NOBODYS_BUSINESS.exec(text) ?? []),
  ].map((excess) => `${status}: ${excess}`)
}
