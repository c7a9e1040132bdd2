import { once } from 'node:events'
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { Readable } from 'node:stream'
import type { S3Client } from '@aws-sdk/client-s3'
import { requireKey, type Storage } from './storage.js'

/** A bucket of an S3-compatible server. */
export interface Bucket {
  /** Scheme, host and port, e.g. `https://s3.example.com:9000`. */
  readonly endpoint: string
  readonly name: string
  readonly region: string
  /** The client's own search (environment, instance role) if absent. */
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string }
  /** Whether the bucket is part of the host's name rather than of the path. */
  readonly virtualHost: boolean
}

const CONNECT_TIMEOUT_MS = 2_000
/** Until the answer begins, a repetition included. Below what a request may take. */
const CALL_TIMEOUT_MS = 3_000
/** The same where a file has to get there first. */
const PUT_TIMEOUT_MS = 10_000
const ATTEMPTS = 2
/** A reader holds one for as long as he is let, and with the client's own 50 a few slow ones would hold them all. */
const MAX_SOCKETS = 1_000

/** The client writes its own warnings to the console; what matters is in the error. */
const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

type Sdk = typeof import('@aws-sdk/client-s3')

/** Loaded when it is first needed: who keeps files on a disk has neither its memory nor its start time. */
const load = async (bucket: Bucket): Promise<{ readonly sdk: Sdk; readonly client: S3Client }> => {
  const sdk = await import('@aws-sdk/client-s3')
  const client = new sdk.S3Client({
    endpoint: bucket.endpoint,
    region: bucket.region,
    forcePathStyle: !bucket.virtualHost,
    ...(bucket.credentials && { credentials: bucket.credentials }),
    maxAttempts: ATTEMPTS,
    requestHandler: {
      connectionTimeout: CONNECT_TIMEOUT_MS,
      requestTimeout: PUT_TIMEOUT_MS,
      throwOnRequestTimeout: true,
      httpAgent: { maxSockets: MAX_SOCKETS },
      httpsAgent: { maxSockets: MAX_SOCKETS },
    },
    logger: silent,
    // Servers other than Amazon's own do not all know its newer checksums; the signature covers what we send.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
  })
  return { sdk, client }
}

const isMissing = (error: unknown): boolean => error instanceof Error && error.name === 'NoSuchKey'

/** Ends the call after `ms`, but not the reading of what it answered with. */
const inTime = async <T>(
  ms: number,
  call: (limits: { abortSignal: AbortSignal }) => Promise<T>,
): Promise<T> => {
  const controller = new AbortController()
  const timer = setTimeout(() => controller.abort(), ms)
  try {
    return await call({ abortSignal: controller.signal })
  } finally {
    clearTimeout(timer)
  }
}

/** Keeps files in a bucket, each put in one request: S3 shows a file when all of it has arrived. */
export const createS3Storage = (bucket: Bucket): Storage => {
  let loaded: ReturnType<typeof load> | undefined
  const connect = () => {
    loaded ??= load(bucket)
    return loaded
  }
  const named = (key: string) => ({ Bucket: bucket.name, Key: requireKey(key) })

  const remove = async (key: string): Promise<void> => {
    const { sdk, client } = await connect()
    await inTime(CALL_TIMEOUT_MS, (limits) => client.send(new sdk.DeleteObjectCommand(named(key)), limits))
  }

  return {
    put: async (key, { path, contentType }) => {
      const { sdk, client } = await connect()
      const { size } = await stat(path)
      const source = createReadStream(path)
      // The client does not listen: a disk that fails would end the process.
      const broken = once(source, 'error').then(([error]) => Promise.reject(error))
      const content = { Body: source, ContentLength: size, ContentType: contentType }
      const command = new sdk.PutObjectCommand({ ...named(key), ...content })
      try {
        await Promise.race([inTime(PUT_TIMEOUT_MS, (limits) => client.send(command, limits)), broken])
      } finally {
        // The client leaves it open when it fails; its file would take up the disk, deleted as it is.
        source.destroy()
      }
    },

    open: async (key) => {
      const { sdk, client } = await connect()
      try {
        const command = new sdk.GetObjectCommand(named(key))
        const answer = await inTime(CALL_TIMEOUT_MS, (limits) => client.send(command, limits))
        if (!(answer.Body instanceof Readable)) throw new Error('the bucket answered without a body')
        return { stream: answer.Body, bytes: answer.ContentLength ?? 0 }
      } catch (error) {
        if (isMissing(error)) return undefined
        throw error
      }
    },

    // One by one: not every server knows how to delete several, and they are never more than a few.
    remove: async (keys) => {
      for (const key of keys) await remove(key)
    },

    list: async (after, limit) => {
      const { sdk, client } = await connect()
      const command = new sdk.ListObjectsV2Command({
        Bucket: bucket.name,
        MaxKeys: limit,
        ...(after !== undefined && { StartAfter: after }),
      })
      const { Contents = [] } = await inTime(CALL_TIMEOUT_MS, (limits) => client.send(command, limits))
      return Contents.flatMap(({ Key, LastModified }) =>
        Key === undefined || LastModified === undefined ? [] : [{ key: Key, modifiedAt: LastModified }],
      )
    },

    removeUnfinished: async () => {},
    close: async () => (await loaded)?.client.destroy(),
  }
}
