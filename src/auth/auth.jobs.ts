import { z } from 'zod'
import { defineJob } from '../shared/queue/contract.js'

/*
 * No token travels in these: the worker makes it when it writes the mail, so that outbox and queue hold nothing
 * that opens an account.
 */

/** Mails a token that proves whose address it is. */
export const sendEmailVerification = defineJob({
  name: 'send-email-verification',
  queue: 'mail',
  payload: z.object({ userId: z.uuid(), request: z.string().max(100) }),
  key: ({ userId, request }) => `send-email-verification-${userId}-${request}`,
})

/**
 * Mails a token with which the password can be reset, if anybody has this address: whoever asks must not learn
 * that, not even by the time it takes, so the look-up waits until here.
 */
export const sendPasswordReset = defineJob({
  name: 'send-password-reset',
  queue: 'mail',
  payload: z.object({ email: z.string(), request: z.string().max(100) }),
  key: ({ request }) => `send-password-reset-${request}`,
})

/** Tells the owner that the password was changed, in case it was somebody else. */
export const sendPasswordChanged = defineJob({
  name: 'send-password-changed',
  queue: 'mail',
  payload: z.object({ userId: z.uuid(), change: z.uuid() }),
  key: ({ change }) => `send-password-changed-${change}`,
})
