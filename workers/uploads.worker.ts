import type { WorkerCradle } from '../src/container.js'
import { handle, handleInTransaction, type JobHandler } from '../src/shared/queue/handler.js'
import {
  processUpload,
  publishUploadEvent,
  removeStoredFiles,
  sweepStoredFiles,
} from '../src/uploads/uploads.jobs.js'

type Needs = Pick<WorkerCradle, 'processingService' | 'upkeepService' | 'publicationsService'>

export const uploadsHandlers = ({
  processingService,
  upkeepService,
  publicationsService,
}: Needs): JobHandler[] => [
  handle(processUpload, ({ uploadId }, context) => processingService.processUpload(uploadId, context)),
  handle(removeStoredFiles, ({ keys }) => upkeepService.removeFiles(keys)),
  handle(sweepStoredFiles, (page) => upkeepService.sweepFiles(page)),
  handleInTransaction(publishUploadEvent, ({ uploadId, userId, version, status, reason, occurredAt }) =>
    publicationsService.publish({
      userId,
      eventId: `upload-${uploadId}-${version}`,
      type: `upload.${status}`,
      occurredAt,
      data: { uploadId, status, reason },
    }),
  ),
]
