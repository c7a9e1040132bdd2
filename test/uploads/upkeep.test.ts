import { mkdir, readdir, utimes, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import t, { type Test as TapTest } from 'tap'
import { v7 as uuidv7 } from 'uuid'
import { createProcessingService } from '../../src/uploads/processing.service.js'
import { createStoredImagesRepository } from '../../src/uploads/stored-images.repository.js'
import { UnfitImageError } from '../../src/uploads/uploads.images.js'
import { createUploadsRepository } from '../../src/uploads/uploads.repository.js'
import { type Call, createWorld, startPod, startWorkerPod, type World } from '../support/app.js'
import { type Account, registerUser } from '../support/factories.js'
import { jpeg } from '../support/images.js'
import { outboxRows, untilOutboxClosed } from '../support/outbox.js'
import { renderersNow } from '../support/renderers.js'
import { until } from '../support/until.js'
import {
  forgetUploads,
  formOf,
  pngOf,
  sha256,
  storedFiles,
  untilProcessed,
  upload,
  uploadAndWait,
  VARIANT_FILES,
} from '../support/uploads.js'
import { createWorkerCradle } from '../support/worker-cradle.js'

const leave = async (path: string, hoursAgo: number): Promise<void> => {
  const then = new Date(Date.now() - hoursAgo * 3_600_000)
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, 'left over')
  await utimes(path, then, then)
}

const keyOf = (content: string, id: string, name: string): string => {
  const digest = sha256(Buffer.from(content))
  return `${digest.slice(0, 2)}/${digest}.${id}.${name}`
}

const untilFilesSwept = (world: World) =>
  until('the sweep of the files', async () => {
    const closed = await world.database
      .sql`select 1 from outbox where name = 'sweep-stored-files' and closed_at is not null`
    return closed.length > 0
  })

interface Scene {
  readonly world: World
  readonly call: Call
  readonly ada: Account
}

/** After a sweep, of a world that has that one image; no worker runs. */
const sweepsFiles = async (t: TapTest, { world }: Scene, image: Uint8Array): Promise<void> => {
  const { uploadsDir, temporaryDir } = world
  const [row] = await world.database.sql<{ id: string }[]>`select id from stored_images`
  const digest = sha256(image)
  await leave(join(uploadsDir, `${digest.slice(0, 2)}/${digest}.${row?.id}.raw`), 2)
  await leave(join(uploadsDir, keyOf('old', uuidv7(), 'small')), 2)
  await leave(join(uploadsDir, keyOf('young', uuidv7(), 'raw')), 0)
  await leave(join(uploadsDir, 'ab/not.ours'), 2)
  await leave(join(uploadsDir, 'unfinished/old'), 2)
  await leave(join(uploadsDir, 'unfinished/young'), 0)
  await leave(join(temporaryDir, 'work-old'), 2)
  await leave(join(temporaryDir, 'work-young'), 0)

  await world.database.sql`delete from job_runs where name = 'uploads.sweep-files'`
  await world.database.sql`delete from outbox where name = 'sweep-stored-files'`
  await startWorkerPod(t, world)
  await untilFilesSwept(world)
  t.strictSame(await storedFiles(world), [...VARIANT_FILES, 'ours', 'raw', 'young'].sort())
  t.strictSame(await readdir(temporaryDir), ['work-young'])
}

const tests: Readonly<Record<string, (t: TapTest, scene: Scene) => Promise<unknown>>> = {
  'a sweep of the files begins when the last one is over': async (t, { world }) => {
    const { sql } = world.database
    const { cradle, database } = createWorkerCradle(t, world)
    const begin = () => database.transaction(cradle.upkeepService.beginFilesSweep)
    const sweeps = async () => (await sql`select from outbox where name = 'sweep-stored-files'`).length
    await begin()
    await begin()
    t.equal(await sweeps(), 1, 'it waits for a worker')
    await sql`update outbox set closed_at = now()`
    await begin()
    t.equal(await sweeps(), 2)
  },

  'what nobody will process any more fails, and what waits for a worker does not': async (
    t,
    { world, call, ada },
  ) => {
    const { sql } = world.database
    const [lost, waiting] = [
      (await upload(call, ada, formOf(await pngOf()))).body.data.id,
      (await upload(call, ada, formOf(await pngOf()))).body.data.id,
    ]
    await sql`update uploads set updated_at = now() - interval '61 minutes'`
    await sql`update outbox set closed_at = now(), failure = 'gone' where key = ${`process-upload-${lost}`}`
    await startWorkerPod(t, world, { WORKER_QUEUES: 'mail,events' })
    const failed = await until('the sweep', async () => {
      const { body } = await call('GET', `/v1/uploads/${lost}`, { token: ada.token })
      return body.data.status !== 'processing' && body.data
    })
    t.match(failed, { status: 'failed', failure: { code: 'processing_failed', message: String } })
    const other = await call('GET', `/v1/uploads/${waiting}`, { token: ada.token })
    t.equal(other.body.data.status, 'processing')
  },

  'a file that was stored for nobody goes, and its content can be sent anew': async (t, scene) => {
    const { world, call, ada } = scene
    const { sql } = world.database
    const image = await pngOf()
    // What a pod leaves that is killed between the file and the row.
    const { id } = (await upload(call, ada, formOf(image))).body.data
    await sql`delete from uploads where id = ${id}`
    await sql`delete from outbox where key = ${`process-upload-${id}`}`
    await sql`update stored_images set in_use = false, created_at = now() - interval '61 minutes'`
    const worker = await startWorkerPod(t, world)
    await until('the sweep', async () => (await storedFiles(world)).length === 0)
    t.equal((await sql`select from stored_images`).length, 0)
    t.equal((await uploadAndWait(call, ada, image)).status, 'ready')
    await untilOutboxClosed(world)
    await untilFilesSwept(world)
    await worker.stop()
    await t.test('files that belong to nothing are swept, old ones only, and others are left alone', (t) =>
      sweepsFiles(t, scene, image),
    )
  },

  'an image that takes too long is tried three times: the machine may have been busy': async (
    t,
    { world, call, ada },
  ) => {
    const { id } = (await upload(call, ada, formOf(await pngOf()))).body.data
    const { cradle } = createWorkerCradle(t, world)
    const { jobProducer, storage, temporaryFiles, releasesService } = cradle
    const { processUpload } = createProcessingService({
      ...{ database: cradle.database, jobProducer, storage, temporaryFiles, releasesService },
      uploadsOf: createUploadsRepository,
      imagesOf: createStoredImagesRepository,
      processImage: async () => {
        throw new UnfitImageError('took_too_long', { mayPass: true })
      },
    })
    const { signal } = new AbortController()
    const see = async () => (await call('GET', `/v1/uploads/${id}`, { token: ada.token })).body.data
    for (const attempt of [1, 2]) {
      await t.rejects(processUpload(id, { attempt, signal }), { name: 'UnfitImageError', mayPass: true })
      t.match(await see(), { status: 'processing', failure: null })
    }
    await processUpload(id, { attempt: 3, signal })
    t.match(await see(), { status: 'failed', failure: { code: 'took_too_long', message: String } })
  },

  'what a worker that has to stop was at is begun again, and is there once': async (
    t,
    { world, call, ada },
  ) => {
    // It takes a renderer half a second at least, the most of it its start: far more than the worker is given.
    const image = await jpeg({ width: 2_000, height: 2_000 })
    const { id } = (await upload(call, ada, formOf(Uint8Array.from(image)))).body.data
    const first = await startWorkerPod(t, world, { SHUTDOWN_GRACE_MS: '100' })
    await until('the image to be in hand', async () => {
      const rows = await outboxRows(world)
      const isInHand = rows.some(({ name, claimed_until }) => name === 'process-upload' && claimed_until)
      return process.platform === 'linux' ? renderersNow().length > 0 : isInHand
    })
    await first.stop()
    t.match(
      first.log.filter(({ msg }) => msg === 'job given back'),
      [{ job: 'process-upload' }],
    )
    await until('the renderer to be gone', () => renderersNow().length === 0)

    await startWorkerPod(t, world)
    t.equal((await untilProcessed(call, ada, id)).status, 'ready')
    const rows = await untilOutboxClosed(world)
    t.equal(rows.filter(({ name }) => name === 'publish-upload-event').length, 1)
    t.strictSame(await storedFiles(world), VARIANT_FILES)
  },
}

t.test('upkeep', async (t) => {
  const world = await createWorld(t)
  const { call } = await startPod(t, world)
  const ada = await registerUser(call)
  for (const [name, test] of Object.entries(tests)) {
    await forgetUploads(world)
    await t.test(name, (t) => test(t, { world, call, ada }))
  }
})
