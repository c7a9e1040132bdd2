import { mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from './environment.js'

/** s3rver has no types of its own; this is what we use of it. */
interface S3Server {
  readonly run: () => Promise<{ readonly port: number }>
  readonly close: () => Promise<void>
}
type S3Constructor = new (options: Readonly<Record<string, unknown>>) => S3Server

const BUCKET = 'files'
/** The only key that s3rver knows. */
const KEY = 'S3RVER'

/** Starts an S3 server with one bucket. @returns the STORAGE_URL for it */
export const startS3 = async (
  t: Test,
): Promise<{ readonly url: string; readonly close: () => Promise<void> }> => {
  // Not at the top, and not by import: a package of another age.
  const S3rver: S3Constructor = createRequire(import.meta.url)('s3rver')
  const directory = mkdtempSync(join(tmpdir(), 'unnest-s3-'))
  const options = { address: '127.0.0.1', port: 0, silent: true, directory }
  const server = new S3rver({ ...options, configureBuckets: [{ name: BUCKET }] })
  const { port } = await server.run()
  let isOpen = true
  const close = async () => {
    if (isOpen) await server.close()
    isOpen = false
  }
  t.teardown(async () => {
    await close()
    rmSync(directory, { recursive: true, force: true })
  })
  return { url: `s3+http://${KEY}:${KEY}@127.0.0.1:${port}/${BUCKET}`, close }
}
