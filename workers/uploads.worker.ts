import type { WorkerCradle } from '../src/container.js'
import { handle, type JobHandler } from '../src/shared/queue/handler.js'
import {
  processUpload,
  publishUploadEvent,
  removeStoredFiles,
  sweepStoredFiles,
} from '../src/uploads/uploads.jobs.js'

type Needs = Pick<WorkerCradle, 'processingService' | 'upkeepService'>

export const uploadsHandlers = ({ processingService, upkeepService }: Needs): JobHandler[] => [
  handle(processUpload, ({ uploadId }, { signal }) => processingService.processUpload(uploadId, signal)),
  handle(removeStoredFiles, ({ keys }) => upkeepService.removeFiles(keys)),
  handle(sweepStoredFiles, (page) => upkeepService.sweepFiles(page)),
  // Nobody has subscribed yet; without a handler its rows would stay open and come again.
  handle(publishUploadEvent, async () => {}),
]
