import multipart from '@fastify/multipart'
import { type FastifyPluginAsyncZod, validatorCompiler } from 'fastify-type-provider-zod'
import type { z } from 'zod'
import { createBulkhead, createShares } from '../shared/bulkhead.js'
import { tooManyRequests } from '../shared/errors.js'
import { answerVersioned, mayRevalidate, noteVersion } from '../shared/http/conditional.js'
import { noContent } from '../shared/http/no-content.js'
import { decodeCursor, idOf, toPage } from '../shared/http/pagination.js'
import { principalOf } from '../shared/http/principal-of.js'
import { limitBy } from '../shared/http/rate-limit.js'
import type { TemporaryFiles } from '../shared/storage/temporary-files.js'
import { receiveImage } from './uploads.reception.js'
import { uploadForm, uploadPage, uploadParams, uploadSchema, uploadsQuery } from './uploads.schemas.js'
import type { UploadsService } from './uploads.service.js'

const tags = ['uploads']
const access = 'signed-in'
/** In one pod: each holds a file, a socket and, at its end, a connection to the database. */
const AT_ONCE = 20
/** Of these for one user, so that nobody who is slow keeps the others out: as many as a browser has connections. */
const AT_ONCE_EACH = 6
const RETRY_SECONDS = 1
const HOUR_MS = 3_600_000
/** To store the file once it is there. */
const STORING_MS = 15_000

export interface UploadsRoutesOptions {
  readonly uploadsService: UploadsService
  readonly temporaryFiles: TemporaryFiles
  readonly uploadSettings: {
    /** Uploads of one user in an hour. */
    readonly perHour: number
    /** Milliseconds in which a file must have arrived. */
    readonly timeoutMs: number
  }
}

/** Takes the images. A scope of its own: nothing but a form is read here, and nowhere else is one. */
export const receptionRoutes: FastifyPluginAsyncZod<UploadsRoutesOptions> = async (app, options) => {
  const { uploadsService, temporaryFiles, uploadSettings } = options
  const { perHour, timeoutMs } = uploadSettings
  const places = createBulkhead(AT_ONCE, 0, 0)
  const shares = createShares(AT_ONCE_EACH)
  const limit = limitBy(app, {
    name: 'uploads',
    max: perHour,
    windowMs: HOUR_MS,
    keyOf: (request) => principalOf(request).userId,
  })
  app.removeContentTypeParser('application/json')
  await app.register(multipart)
  // The form never becomes a body: the handler reads it from the socket.
  app.setValidatorCompiler<z.core.$ZodType>((part) =>
    part.httpPart === 'body' ? (value: unknown) => ({ value }) : validatorCompiler(part),
  )

  app.post(
    '',
    {
      config: { access, deadlineMs: timeoutMs + STORING_MS, priority: 'high' },
      onRequest: limit,
      schema: {
        tags,
        summary: 'Upload an image',
        consumes: ['multipart/form-data'],
        body: uploadForm,
        response: { 202: uploadSchema },
      },
    },
    async (request, reply) => {
      const { userId } = principalOf(request)
      const giveBack = shares.take(userId)
      if (!giveBack) {
        reply.header('retry-after', RETRY_SECONDS)
        throw tooManyRequests({ detail: 'You upload too many files at once.' })
      }
      const keep = async (folder: string) =>
        uploadsService.keepUpload(userId, await receiveImage(request, reply, folder, timeoutMs))
      const upload = await places.run(() => temporaryFiles.withFolder(keep)).finally(giveBack)
      reply.code(202).header('location', `/v1/uploads/${upload.id}`)
      return noteVersion(reply, upload)
    },
  )
}

export const uploadsRoutes: FastifyPluginAsyncZod<UploadsRoutesOptions> = async (app, { uploadsService }) => {
  app.get(
    '',
    {
      config: { access },
      schema: {
        tags,
        summary: 'One’s own uploads, newest first',
        querystring: uploadsQuery,
        response: { 200: uploadPage },
      },
    },
    async (request) => {
      const { userId } = principalOf(request)
      const { limit, cursor } = request.query
      const filters = { list: 'uploads', caller: userId }
      const after = decodeCursor(filters, cursor)
      const uploads = await uploadsService.listUploads({ userId, after, limit: limit + 1 })
      return toPage(filters, limit, uploads, idOf)
    },
  )

  app.get(
    '/:id',
    {
      config: { access, conditional: 'if-none-match' },
      schema: { tags, summary: 'An upload', params: uploadParams, response: { 200: uploadSchema } },
    },
    async (request, reply) => {
      const upload = await uploadsService.getUpload(principalOf(request).userId, request.params.id)
      return answerVersioned(request, mayRevalidate(reply), upload)
    },
  )

  app.delete(
    '/:id',
    {
      config: { access },
      schema: { tags, summary: 'Delete an upload', params: uploadParams, response: noContent },
    },
    async (request, reply) => {
      await uploadsService.deleteUpload(principalOf(request).userId, request.params.id)
      return reply.code(204).send(null)
    },
  )
}
