import t from 'tap'
import { createBrowseRepository } from '../../src/queues/browse.repository.js'
import { createCountsRepository } from '../../src/queues/counts.repository.js'
import { createDeadLettersRepository } from '../../src/queues/dead-letters.repository.js'
import { createJobsRepository } from '../../src/queues/jobs.repository.js'
import { createRunsRepository } from '../../src/queues/runs.repository.js'
import { findSuccessAges } from '../../src/shared/database/job-runs.js'
import { pruneClosedRows } from '../../src/shared/database/outbox.js'
import { countOutbox } from '../../src/shared/database/outbox-counts.js'
import { isAnythingDue, recallRows, takeDueRows } from '../../src/shared/database/outbox-handovers.js'
import { createTestDatabase } from '../support/database.js'
import { watchPlans } from '../support/plans.js'

const ROWS = 100_000

t.test('nothing that an operator or a relay asks reads the whole outbox', async (t) => {
  const testDatabase = await createTestDatabase(t)
  const { sql } = testDatabase
  await sql`insert into outbox (id, queue, name, version, key, payload, created_at, closed_at, failure)
    select gen_random_uuid(), case when n % 3 = 0 then 'mail' else 'events' end, 'job-' || n % 5, 1, 'key-' || n, '{}',
      now() - make_interval(secs => n), case when n % 20 > 0 then now() - make_interval(secs => n) end,
      case when n % 20 = 1 then 'no' end from generate_series(1, ${ROWS}) n`
  await sql`insert into job_runs (name, token, holder, started_at, finished_at)
    select 'job-' || n % 5, n, 'pod', now() - make_interval(secs => n), now() from generate_series(1, 20000) n`
  await sql`update job_runs set failure = 'no' where name = 'job-1'`
  await sql`vacuum (analyze) outbox`
  await sql`vacuum (analyze) job_runs`
  const { database, explain } = watchPlans(t, testDatabase)
  const [jobs, browse, counts] = [
    createJobsRepository(database),
    createBrowseRepository(database),
    createCountsRepository(database),
  ]
  const [some] = await sql<{ id: string }[]>`select id from outbox where failure is not null limit 1`
  const id = some?.id ?? ''
  const time = new Date(Date.now() - 50_000_000)
  const filters = [{}, { name: 'job-1' }, { failedAfter: time }, { ids: [id] }]
  await counts.listQueues()
  await counts.countOpen(['mail', 'events'])
  await counts.countRecent()
  await jobs.findJob('mail', id)
  for (const filter of filters)
    await jobs.listFailed({ queue: 'mail', ...filter, after: undefined, limit: 21 })
  await jobs.listFailed({ queue: 'mail', after: [time.getTime() * 1_000, id], limit: 21 })
  await browse.browseFailed('mail', 0, 10)
  await browse.browseCompleted('mail', 0, 10)
  await browse.browseOpen('mail', ['waiting', 'queued'], 0, 10)
  await createRunsRepository(database).listLastRuns()
  await findSuccessAges(database, ['job-1', 'job-2'])
  await countOutbox(database, ['mail', 'events'])
  await isAnythingDue(database)
  await takeDueRows(database, 500, ['events'])
  await recallRows(database, 5_000, 0)
  await pruneClosedRows(database, 1, 5_000)
  await database.transaction(async (transaction) => {
    const deadLetters = createDeadLettersRepository(transaction)
    for (const filter of filters) await deadLetters.match('mail', filter)
    await deadLetters.requeue('mail', { name: 'job-1' }, 50)
    await deadLetters.discard('mail', { ids: [id] })
  })
  const plans = (await explain()).filter(({ query }) => /outbox|job_runs/.test(query))
  t.ok(plans.length > 20)
  const ages = plans.find(({ query }) => query.includes('min(started_at)'))
  t.match(ages?.plan, /job_runs_success_idx/, 'not the failures since the last success')
  for (const { query, plan } of plans) t.notMatch(plan, /Seq Scan on (outbox|job_runs)/, query)
})
