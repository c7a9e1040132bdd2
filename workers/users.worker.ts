import type { WorkerCradle } from '../src/container.js'
import { handle, type JobHandler } from '../src/shared/queue/handler.js'
import { sendWelcome } from '../src/users/users.jobs.js'

type Needs = Pick<WorkerCradle, 'usersService' | 'emailVerificationService' | 'mailService'>

export const usersHandlers = (needs: Needs): JobHandler[] => {
  const { usersService, emailVerificationService, mailService } = needs
  return [
    handle(sendWelcome, async ({ userId }, { key, signal }) => {
      const user = await usersService.findUser(userId)
      // Deleted before we got to it: there is nobody to greet, and nothing has failed.
      if (!user) return
      const token = await emailVerificationService.issueVerification(userId)
      await mailService.sendWelcome({ key, signal, to: user.email, name: user.name }, token)
    }),
  ]
}
