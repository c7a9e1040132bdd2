import { z } from 'zod'
import { defineJob } from '../shared/queue/contract.js'

/** Greets a new user by mail. */
export const sendWelcome = defineJob({
  name: 'send-welcome',
  queue: 'mail',
  payload: z.object({ to: z.string(), userId: z.uuid() }),
  key: ({ userId }) => `send-welcome-${userId}`,
})
