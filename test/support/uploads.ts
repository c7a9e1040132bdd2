import { createHash, randomBytes } from 'node:crypto'
import { mkdir, readdir, rm } from 'node:fs/promises'
import type { Answer, Call, World } from './app.js'
import type { Account } from './factories.js'
import { until } from './until.js'

/** A real image of random colours: no two are the same content. */
export const pngOf = async (width = 64, height = 48): Promise<Buffer<ArrayBuffer>> => {
  const { default: sharp } = await import('sharp')
  const raw = { width, height, channels: 3 } as const
  return Buffer.from(
    await sharp(randomBytes(width * height * 3), { raw })
      .png()
      .toBuffer(),
  )
}

/** Bytes that begin like a PNG: whoever only looks at the beginning takes them for one. */
export const pngLike = (bytes: number): Buffer<ArrayBuffer> => {
  const content = Buffer.from(randomBytes(bytes))
  Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex').copy(content)
  return content
}

export const formOf = (
  content: Uint8Array<ArrayBuffer>,
  { field = 'file', name = 'photo.png', type = 'image/png' } = {},
): FormData => {
  const form = new FormData()
  form.append(field, new Blob([content], { type }), name)
  return form
}

export const upload = (call: Call, { token }: Pick<Account, 'token'>, form: FormData): Promise<Answer> =>
  call('POST', '/v1/uploads', { token, body: form })

/** Uploads and waits for the worker. @returns the upload as its owner sees it then */
export const uploadAndWait = async (call: Call, owner: Account, content: Uint8Array<ArrayBuffer>) => {
  const { status, body, text } = await upload(call, owner, formOf(content))
  if (status !== 202) throw new Error(`not uploaded: ${text}`)
  return untilProcessed(call, owner, body.data.id)
}

export const untilProcessed = (call: Call, { token }: Account, id: string) =>
  until(`upload ${id} to be processed`, async () => {
    const { body } = await call('GET', `/v1/uploads/${id}`, { token })
    return body.data.status !== 'processing' && body.data
  })

const filesIn = async (directory: string): Promise<string[]> => {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true }).catch(() => [])
  return entries.filter((entry) => entry.isFile()).map(({ name }) => name)
}

/** The last parts of the names of all that is stored: raw, original and so on. */
export const storedFiles = async ({ uploadsDir }: World): Promise<string[]> =>
  (await filesIn(uploadsDir)).map((name) => name.replace(/^.*\./, '')).sort()

/** What is left of uploads that came to nothing; empty when there is nothing. */
export const residue = async (world: World): Promise<string[]> => [
  ...(await filesIn(world.temporaryDir)),
  ...(await readdir(world.temporaryDir).catch(() => [])),
  ...(await filesIn(world.uploadsDir)),
  ...(await world.database.sql`select id from uploads union all select id from stored_images`).map(
    ({ id }) => id,
  ),
]

/** As if nobody had uploaded anything yet, and no worker had run; nothing may be shown of what there was. */
export const forgetUploads = async ({ database: { sql }, uploadsDir }: World): Promise<void> => {
  for (const table of ['uploads', 'stored_images', 'outbox', 'job_runs']) await sql`delete from ${sql(table)}`
  await rm(uploadsDir, { recursive: true, force: true })
  await mkdir(uploadsDir)
}

export const VARIANT_FILES = ['large', 'medium', 'original', 'small']

export const sha256 = (content: Uint8Array): string => createHash('sha256').update(content).digest('hex')

/** Waits until the sweep has left these uploads alone. */
export const untilSwept = ({ database: { sql } }: World, ids: readonly string[]): Promise<true> =>
  until('the sweep', async () => {
    const rows = await sql<{ id: string }[]>`select id from uploads order by id`
    return rows.map(({ id }) => id).join() === [...ids].sort().join()
  })
