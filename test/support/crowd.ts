import { randomBytes } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import { v7 as uuidv7 } from 'uuid'
import type { Role } from '../../src/shared/principal.js'
import type { World } from './app.js'
import { unique } from './factories.js'

/** Somebody who is signed in; nobody knows a password. */
export interface Member {
  readonly id: string
  readonly token: string
}

/** Makes so many users by writing rows: two hundred log-ins would take most of a minute. The app signs their tokens. */
export const createCrowd = async (
  { database: { sql } }: World,
  { jwt }: FastifyInstance,
  size: number,
  role: Role = 'user',
): Promise<readonly Member[]> => {
  const tomorrow = new Date(Date.now() + 24 * 3_600_000)
  const rows = Array.from({ length: size }, () => ({ id: uuidv7(), sessionId: uuidv7() }))
  const users = rows.map(({ id }) => ({
    id,
    role,
    email: `${unique('crowd')}@example.com`,
    name: 'Ada',
    password_hash: 'none',
  }))
  const sessions = rows.map(({ id, sessionId }) => ({
    id: sessionId,
    user_id: id,
    refresh_token_hash: randomBytes(32),
    expires_at: tomorrow,
  }))
  await sql`insert into users ${sql(users)}`
  await sql`insert into sessions ${sql(sessions)}`
  return rows.map(({ id, sessionId }) => ({ id, token: jwt.sign({ sub: id, sid: sessionId, role }) }))
}

/** The one of a list that every test has. @throws Error for one too many */
export const nth = <T>(list: readonly T[], index: number): T => {
  const found = list[index]
  if (found === undefined) throw new Error(`there is no number ${index}`)
  return found
}
