import { randomUUID } from 'node:crypto'
import t from 'tap'
import { createLeftoversRepository } from '../../src/uploads/leftovers.repository.js'
import { createMediaRepository } from '../../src/uploads/media.repository.js'
import { createStoredImagesRepository } from '../../src/uploads/stored-images.repository.js'
import { createUploadsRepository } from '../../src/uploads/uploads.repository.js'
import { createTestDatabase } from '../support/database.js'
import { watchPlans } from '../support/plans.js'

const ROWS = 10_000
const STUCK = 200

t.test('nothing that is asked of uploads reads a whole table', async (t) => {
  const testDatabase = await createTestDatabase(t)
  const { sql } = testDatabase
  const userId = randomUUID()
  await sql`insert into users (id, email, name, password_hash) values (${userId}, 'ada@example.com', 'Ada', 'x')`
  await sql`insert into users (id, email, name, password_hash)
    select gen_random_uuid(), n || '@example.com', 'Ada', 'x' from generate_series(1, 1000) n`
  await sql`insert into stored_images (id, sha256, images, in_use)
    select gen_random_uuid(), sha256(n::text::bytea), '{}', true from generate_series(1, ${ROWS}) n`
  await sql`with owners as (select array_agg(id) as ids from users)
    insert into uploads (id, user_id, stored_image_id, status, content_type, bytes, updated_at)
    select gen_random_uuid(), ids[1 + n % 1000], image.id, case when n <= ${STUCK} then 'processing' else 'ready' end,
      'image/png', 1, now() - make_interval(mins => n::int)
    from (select id, row_number() over () as n from stored_images) as image, owners`
  await sql`insert into media (id, upload_id) select gen_random_uuid(), id from uploads`
  await sql`insert into outbox (id, queue, name, version, key, payload)
    select gen_random_uuid(), 'uploads', 'process-upload', 1, 'process-upload-' || id, '{}' from uploads`
  for (const table of ['users', 'stored_images', 'uploads', 'media', 'outbox'])
    await sql.unsafe(`vacuum (analyze) ${table}`)

  const { database, explain } = watchPlans(t, testDatabase)
  const [uploads, leftovers] = [createUploadsRepository(database), createLeftoversRepository(database)]
  const [images, media] = [createStoredImagesRepository(database), createMediaRepository(database)]
  const id = randomUUID()
  await uploads.findUpload(id, userId)
  await uploads.listUploads({ userId, limit: 21 })
  await uploads.listUploads({ userId, after: id, limit: 21 })
  await uploads.lockUpload(id)
  await uploads.isImageUsed(id)
  await uploads.findWork(id)
  await leftovers.abandonUploadsOf(userId)
  await leftovers.lockAbandoned(100)
  await leftovers.lockStuck(60, 100)
  await leftovers.isJobOpen({ queue: 'uploads', name: 'sweep-stored-files' })
  await images.lockUnused(60, 100)
  await images.findImages(Array.from({ length: 500 }, () => randomUUID()))
  await media.findUploadOf(id)
  await media.holdStatus(id, userId)
  await media.findOwnImage(id, userId)
  await media.findPublicImage(id)
  const plans = await explain()
  t.ok(plans.length >= 15)
  for (const { query, plan } of plans)
    t.notMatch(plan, /Seq Scan on (users|stored_images|uploads|media|outbox)/, `${query}\n${plan}`)
})
