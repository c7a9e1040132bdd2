import type { WorkerCradle } from '../src/container.js'
import { handle, type JobHandler } from '../src/shared/queue/handler.js'
import { deliverWebhook } from '../src/webhooks/webhooks.jobs.js'

type Needs = Pick<WorkerCradle, 'triesService'>

export const webhooksHandlers = ({ triesService }: Needs): JobHandler[] => [
  handle(deliverWebhook, (job, { signal }) => triesService.tryDelivery(job, signal)),
]
