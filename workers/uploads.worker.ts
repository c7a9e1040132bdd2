import type { WorkerCradle } from '../src/container.js'
import { handle, handleInTransaction, type JobHandler } from '../src/shared/queue/handler.js'
import {
  processUpload,
  publishUploadEvent,
  removeStoredFiles,
  sweepStoredFiles,
} from '../src/uploads/uploads.jobs.js'

type Needs = Pick<
  WorkerCradle,
  'processingService' | 'upkeepService' | 'publicationsService' | 'realtimeService'
>

export const uploadsHandlers = ({
  processingService,
  upkeepService,
  publicationsService,
  realtimeService,
}: Needs): JobHandler[] => [
  handle(processUpload, ({ uploadId }, context) => processingService.processUpload(uploadId, context)),
  handle(removeStoredFiles, ({ keys }) => upkeepService.removeFiles(keys)),
  handle(sweepStoredFiles, (page) => upkeepService.sweepFiles(page)),
  handleInTransaction(publishUploadEvent, async (event, { transaction }) => {
    const { uploadId, userId, version, status, reason, occurredAt } = event
    const eventId = `upload-${uploadId}-${version}`
    const type = `upload.${status}` as const
    const data = { uploadId, status, reason }
    await publicationsService.publish({ userId, eventId, type, occurredAt, data })
    await realtimeService.recordEvents(transaction, userId, [{ key: eventId, type, occurredAt, data }])
  }),
]
