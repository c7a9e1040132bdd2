import { setTimeout as wait } from 'node:timers/promises'
import { z } from 'zod'
import type { Client } from './http-client.js'

export const PASSWORD = 'correct horse battery staple'
/** A token lives ten minutes; a log-in that fails while something is broken has time for another try. */
const RENEWED_AFTER_MS = 240_000
const PAUSE_MS = 1_000
const answer = z.object({ data: z.object({ accessToken: z.string() }) })

/** A user who is logged in. */
export interface LoggedIn {
  readonly id: string
  readonly email: string
  token: string
}

/** @returns an access token @throws Error with the answer when it is refused */
export const logIn = async ({ send }: Client, url: string, email: string): Promise<string> => {
  const body = { email, password: PASSWORD }
  const { status, text } = await send({ method: 'POST', url: `${url}/v1/auth/login`, body })
  if (status !== 200) throw new Error(`log-in of ${email}: ${status} ${text}`)
  return answer.parse(JSON.parse(text)).data.accessToken
}

/** Logs them in again and again, for as long as the signal lets. */
export const keepLoggedIn = async (
  client: Client,
  url: string,
  users: readonly LoggedIn[],
  signal: AbortSignal,
): Promise<void> => {
  const renewed = new Map(users.map((user) => [user, Date.now()]))
  while (!signal.aborted) {
    for (const user of users) {
      if (signal.aborted || Date.now() - (renewed.get(user) ?? 0) < RENEWED_AFTER_MS) continue
      const token = await logIn(client, url, user.email).catch(() => undefined)
      if (token === undefined) continue
      user.token = token
      renewed.set(user, Date.now())
    }
    await wait(PAUSE_MS, undefined, { signal }).catch(() => {})
  }
}
