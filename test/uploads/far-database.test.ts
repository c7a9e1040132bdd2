import { connect, createServer } from 'node:net'
import t from 'tap'
import { createWorld, startPod, startWorkerPod } from '../support/app.js'
import type { Test } from '../support/environment.js'
import { registerUser } from '../support/factories.js'
import { startPartner } from '../support/partner.js'
import { until } from '../support/until.js'

const STUCK = 50
/** As between two zones of a region, and then some. */
const DELAY_MS = 3
const SWEEP_MS = 30_000

/** The same server, from farther away. @returns its URL */
const moveAway = async (t: Test, url: string): Promise<string> => {
  const [near, far] = [new URL(url), new URL(url)]
  const server = createServer((client) => {
    const backend = connect(Number(far.port), far.hostname)
    backend.on('error', () => {}).on('close', () => client.destroy())
    client.on('close', () => backend.destroy()).pipe(backend)
    backend.on('data', (chunk) => setTimeout(() => client.write(chunk), DELAY_MS))
    backend.on('end', () => setTimeout(() => client.end(), DELAY_MS))
  })
  near.port = String((await startPartner(t, server)).port)
  return near.href
}

t.test('a sweep gets through although each question to Postgres takes its time', async (t) => {
  const world = await createWorld(t)
  const { sql, url } = world.database
  const { call } = await startPod(t, world)
  const ada = await registerUser(call)
  await sql`insert into stored_images (id, sha256, in_use)
    select gen_random_uuid(), sha256(n::text::bytea), true from generate_series(1, ${STUCK}) n`
  await sql`insert into uploads (id, user_id, stored_image_id, content_type, bytes, updated_at)
    select gen_random_uuid(), ${ada.id}, id, 'image/png', 1, now() - interval '2 hours' from stored_images`
  await startWorkerPod(t, world, { DATABASE_URL: await moveAway(t, url), WORKER_QUEUES: 'mail' })
  await until(
    'all of them to have failed',
    async () => {
      const [row] = await sql`select count(*)::int as failed from uploads where status = 'failed'`
      return row?.['failed'] === STUCK
    },
    SWEEP_MS,
  )
  const [left] = await sql`select count(*)::int as images from stored_images`
  t.equal(left?.['images'], 0)
})
