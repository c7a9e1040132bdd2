import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { MultipartFile } from '@fastify/multipart'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { DeadlineError, withDeadline } from '../shared/deadline.js'
import { DomainError, validationFailed } from '../shared/errors.js'
import { discardRest, MAX_DISCARDED_BYTES } from '../shared/http/discard-rest.js'
import {
  HttpError,
  payloadTooLarge,
  requestTimeout,
  unsupportedMediaType,
} from '../shared/http/http-errors.js'
import { unsupportedImage } from './uploads.errors.js'
import { IMAGE_HEAD_BYTES, sniffImageType } from './uploads.images.js'
import type { ReceivedFile } from './uploads.service.js'
import { type ImageType, MAX_UPLOAD_BYTES } from './uploads.variants.js'

const FIELD = 'file'
/** A little more than is taken of each: what is too much is seen, and not cut off in silence. */
const LIMITS = {
  fileSize: MAX_UPLOAD_BYTES + 1,
  files: 2,
  fields: 1,
  parts: 3,
  fieldSize: 100,
  headerPairs: 20,
}

const invalid = (path: string, message: string): DomainError =>
  validationFailed({ facts: { errors: [{ path, message }] } })

/** Sees the first bytes of a stream, and says what they are the beginning of. @throws unsupported_image */
const createHead = () => {
  let head = Buffer.alloc(0)
  let contentType: ImageType | undefined
  const look = (): ImageType => {
    contentType ??= sniffImageType(head)
    if (contentType === undefined) throw unsupportedImage()
    return contentType
  }
  return {
    look,
    add: (chunk: Buffer): void => {
      if (head.length === IMAGE_HEAD_BYTES) return
      head = Buffer.concat([head, chunk.subarray(0, IMAGE_HEAD_BYTES - head.length)])
      if (head.length === IMAGE_HEAD_BYTES) look()
    },
  }
}

/**
 * Passes the bytes on while it counts and hashes them, and looks at the first ones as soon as they are there: what is no
 * image is not read to its end.
 */
const createMeter = () => {
  const hash = createHash('sha256')
  const head = createHead()
  let bytes = 0

  async function* measure(source: AsyncIterable<Buffer>): AsyncIterable<Buffer> {
    for await (const chunk of source) {
      bytes += chunk.length
      if (bytes > MAX_UPLOAD_BYTES) throw new HttpError(payloadTooLarge)
      head.add(chunk)
      hash.update(chunk)
      yield chunk
    }
    if (bytes === 0) throw invalid(FIELD, 'is empty')
  }
  return { measure, result: () => ({ contentType: head.look(), sha256: hash.digest(), bytes }) }
}

const saveFile = async (source: Readable, path: string, signal: AbortSignal): Promise<ReceivedFile> => {
  const meter = createMeter()
  await pipeline(source, meter.measure, createWriteStream(path), { signal })
  return { path, ...meter.result() }
}

const readForm = async (
  request: FastifyRequest,
  directory: string,
  signal: AbortSignal,
): Promise<ReceivedFile> => {
  let received: ReceivedFile | undefined
  for await (const part of request.parts({ limits: LIMITS })) {
    const fault = faultOf(part, received !== undefined)
    if (fault) {
      if (part.type === 'file') part.file.destroy()
      throw fault
    }
    if (part.type === 'file') received = await saveFile(part.file, join(directory, 'received'), signal)
  }
  if (!received) throw invalid(FIELD, 'is required')
  return received
}

const faultOf = (
  { type, fieldname }: Pick<MultipartFile, 'fieldname'> & { type: 'file' | 'field' },
  hasFile: boolean,
): DomainError | undefined => {
  if (type === 'field') return invalid(fieldname.slice(0, 100), 'is not a field of this form')
  if (fieldname !== FIELD)
    return invalid(fieldname.slice(0, 100), `is not a field of this form: send one ${FIELD}`)
  return hasFile ? invalid(FIELD, 'must be one file alone') : undefined
}

/** What the form's parser throws at a broken form has no name of its own; a fault of ours, such as a full disk, has. */
const explain = (error: unknown): unknown => {
  if (error instanceof DomainError || error instanceof HttpError) return error
  if (error instanceof DeadlineError || (error instanceof Error && error.name === 'AbortError'))
    return new HttpError(requestTimeout)
  if (error instanceof Error && 'syscall' in error) return error
  if (error instanceof Error && 'statusCode' in error && error.statusCode === 413) return error
  return invalid('', 'the body is not a valid multipart form')
}

/** Rejects once more has come than a form with one file can have: what stands around the parts counts nowhere else. */
const limitForm = ({ raw }: FastifyRequest): Promise<never> =>
  new Promise((_resolve, reject) => {
    let bytes = 0
    raw.on('data', (chunk: Buffer) => {
      bytes += chunk.length
      if (bytes > MAX_DISCARDED_BYTES) reject(new HttpError(payloadTooLarge))
    })
  })

/**
 * Reads the one file of a multipart form into `directory`, never more of it than a chunk in memory.
 * @param timeoutMs after which whoever still sends is answered 408
 * @throws validation_failed, unsupported_image, payload_too_large, unsupported_media_type, request_timeout
 */
export const receiveImage = async (
  request: FastifyRequest,
  reply: FastifyReply,
  directory: string,
  timeoutMs: number,
): Promise<ReceivedFile> => {
  const isHopeless = Number(request.headers['content-length']) > MAX_DISCARDED_BYTES
  try {
    if (!request.isMultipart()) throw new HttpError(unsupportedMediaType)
    if (isHopeless) throw new HttpError(payloadTooLarge)
    // The parser waits for a close that has been already: nobody but the deadline would give the place back.
    if (request.raw.destroyed) throw invalid('', 'the body broke off')
    const form = readForm(request, directory, AbortSignal.timeout(timeoutMs))
    const received = await withDeadline('the form', timeoutMs, Promise.race([form, limitForm(request)]))
    // What follows the form would stand in the way of the connection's next request. After a refusal the answer comes first.
    discardRest(request.raw)
    return received
  } catch (error) {
    const explained = explain(error)
    const isSlow = explained instanceof HttpError && explained.fault === requestTimeout
    if (isSlow || isHopeless) reply.header('connection', 'close')
    throw explained
  }
}
