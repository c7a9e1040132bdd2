import type { Executor } from '../shared/database/client.js'
import { sessions } from './auth.table.js'

export interface NewSession {
  readonly id: string
  readonly userId: string
  readonly refreshTokenHash: Buffer
  readonly expiresAt: Date
}

export const createAuthRepository = (executor: Executor) => ({
  insertSession: async (session: NewSession): Promise<void> => {
    await executor.insert(sessions).values(session)
  },
})

export type AuthRepository = ReturnType<typeof createAuthRepository>
