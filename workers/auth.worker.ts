import { sendEmailVerification, sendPasswordChanged, sendPasswordReset } from '../src/auth/auth.jobs.js'
import type { WorkerCradle } from '../src/container.js'
import { handle, type JobHandler } from '../src/shared/queue/handler.js'

type Needs = Pick<
  WorkerCradle,
  'usersService' | 'passwordRecoveryService' | 'emailVerificationService' | 'mailService'
>

/** A user who was deleted in the meantime gets no mail, and nothing has failed. */
export const authHandlers = (needs: Needs): JobHandler[] => {
  const { usersService, passwordRecoveryService, emailVerificationService, mailService } = needs
  return [
    handle(sendEmailVerification, async ({ userId }, { key, signal }) => {
      const user = await usersService.findUser(userId)
      if (!user || user.emailVerified) return
      const token = await emailVerificationService.issueVerification(userId)
      await mailService.sendEmailVerification({ key, signal, to: user.email, name: user.name }, token)
    }),

    handle(sendPasswordReset, async (payload, { key, signal }) => {
      const reset = await passwordRecoveryService.issueReset(payload)
      const user = reset && (await usersService.findUser(reset.userId))
      if (!reset || !user) return
      await mailService.sendPasswordReset({ key, signal, to: user.email, name: user.name }, reset.token)
    }),

    handle(sendPasswordChanged, async ({ userId }, { key, signal }) => {
      const user = await usersService.findUser(userId)
      if (user) await mailService.sendPasswordChanged({ key, signal, to: user.email, name: user.name })
    }),
  ]
}
