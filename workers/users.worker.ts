import type { WorkerCradle } from '../src/container.js'
import { handle, type JobHandler } from '../src/shared/queue/handler.js'
import { sendWelcome } from '../src/users/users.jobs.js'

type Needs = Pick<WorkerCradle, 'usersService' | 'mailService'>

export const usersHandlers = ({ usersService, mailService }: Needs): JobHandler[] => [
  handle(sendWelcome, async ({ to, userId }, { key }) => {
    const { name } = await usersService.getUser(userId)
    await mailService.sendWelcome({ key, to, name })
  }),
]
