import { z } from 'zod'
import { defineJob } from '../shared/queue/contract.js'
import { MAIL_SCHEDULE } from '../shared/queue/mail-schedule.js'

const payload = z.object({ userId: z.uuid() })

/** Greets a new user by mail. Version 1 carried the address as well, which nobody read and which lay there for days. */
export const sendWelcome = defineJob({
  ...MAIL_SCHEDULE,
  name: 'send-welcome',
  queue: 'mail',
  version: 2,
  payload,
  upgrade: (_version, carried) => payload.parse(carried),
  key: ({ userId }) => `send-welcome-${userId}`,
})
