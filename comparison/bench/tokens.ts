import { z } from 'zod'
import { type Buyer, PASSWORD, type Stage } from './stage.js'

/** An access token is good for ten minutes. */
const RENEWED_AFTER_MS = 4 * 60_000
const REQUEST_LIMIT_MS = 30_000

const answer = z.object({ data: z.object({ accessToken: z.string() }) })

const logIn = async (url: string, email: string): Promise<string> => {
  const response = await fetch(`${url}/v1/auth/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email, password: PASSWORD }),
    signal: AbortSignal.timeout(REQUEST_LIMIT_MS),
  })
  return answer.parse(await response.json()).data.accessToken
}

/** Keeps a good token of each buyer; one of any candidate is good at all of them, for they have the same keys. */
export const createTokens = ({ buyers }: Stage) => {
  const tokens = new Map<string, string>()
  let renewedAt = 0
  return {
    /** Logs the buyers in at a server, if their tokens are not good for another while. */
    renew: async (url: string): Promise<void> => {
      if (Date.now() - renewedAt < RENEWED_AFTER_MS) return
      for (const { id, email } of buyers) tokens.set(id, await logIn(url, email))
      renewedAt = Date.now()
    },
    tokenOf: ({ id, email }: Buyer): string => {
      const token = tokens.get(id)
      if (token === undefined) throw new Error(`${email} is not logged in`)
      return token
    },
  }
}

export type Tokens = ReturnType<typeof createTokens>
