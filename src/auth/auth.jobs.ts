import { z } from 'zod'
import { defineJob } from '../shared/queue/contract.js'
import { MAIL_SCHEDULE, URGENT_MAIL_SCHEDULE } from '../shared/queue/mail-schedule.js'

/*
 * No token travels in these: the worker makes it when it writes the mail, so that outbox and queue hold nothing
 * that opens an account. Nor does an address: rows are kept for days.
 */

/** Mails a token that proves whose address it is. */
export const sendEmailVerification = defineJob({
  ...MAIL_SCHEDULE,
  name: 'send-email-verification',
  queue: 'mail',
  payload: z.object({ userId: z.uuid(), request: z.string().max(100) }),
  key: ({ userId, request }) => `send-email-verification-${userId}-${request}`,
})

const resetRequest = z.string().max(100)
/** The release before left the look-up to the worker. */
const firstReset = z.object({ email: z.string(), request: resetRequest })

/**
 * Mails a token with which the password can be reset. Also queued, for nobody, when nobody has the address: whoever
 * asks must not learn that by the time it takes.
 */
export const sendPasswordReset = defineJob({
  ...URGENT_MAIL_SCHEDULE,
  name: 'send-password-reset',
  queue: 'mail',
  version: 2,
  payload: z.object({
    userId: z.uuid().nullable(),
    /** Only in what version 1 wrote. */
    email: z.string().optional(),
    request: resetRequest,
  }),
  upgrade: (_version, carried) => ({ userId: null, ...firstReset.parse(carried) }),
  key: ({ request }) => `send-password-reset-${request}`,
})

/** Tells the owner that the password was changed, in case it was somebody else. */
export const sendPasswordChanged = defineJob({
  ...MAIL_SCHEDULE,
  name: 'send-password-changed',
  queue: 'mail',
  payload: z.object({ userId: z.uuid(), change: z.uuid() }),
  key: ({ change }) => `send-password-changed-${change}`,
})
