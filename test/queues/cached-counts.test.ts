import t from 'tap'
import { createWorld, startPod } from '../support/app.js'
import { insertDeadLetter } from '../support/dead-letters.js'
import { registerAdmin } from '../support/factories.js'
import { until } from '../support/until.js'

t.test('dashboards that ask at once share a count, and an admin sees at once what he did', async (t) => {
  const world = await createWorld(t)
  const [one, other] = [await startPod(t, world), await startPod(t, world)]
  const { token } = await registerAdmin(one.call, world)
  await insertDeadLetter(world)
  const { sql } = world.database
  await sql`create sequence counts`
  await sql.unsafe(`
    alter table outbox rename to jobs;
    create function count_look() returns boolean language plpgsql volatile as $$
    begin
      if current_query() ilike '%coveredSeconds%' then perform nextval('counts'); end if;
      return true;
    end $$;
    create view outbox as select * from jobs where (select count_look())`)
  const counted = async (): Promise<number> => {
    const [row] = await sql`select case when is_called then last_value else 0 end::int as n from counts`
    return row?.['n']
  }
  const failedAt = async ({ call }: typeof one): Promise<number> => {
    const { body } = await call('GET', '/v1/admin/queues', { token })
    return body.data.find(({ queue }: { queue: string }) => queue === 'mail')?.counts.failed ?? 0
  }

  const seen = await Promise.all(Array.from({ length: 40 }, (_, index) => failedAt(index % 2 ? one : other)))
  t.ok(
    seen.every((failed) => failed === 1),
    'all see the same',
  )
  t.ok((await counted()) <= 4, `${await counted()} counts for 40`)

  const discarded = await one.call('POST', '/v1/admin/queues/mail/discard', {
    token,
    body: { filter: {}, dryRun: false },
  })
  t.equal(discarded.status, 200)
  t.equal(await failedAt(other), 0, 'through another pod, too')
  await insertDeadLetter(world)
  await until('what workers do to be seen', async () => (await failedAt(one)) === 1)
})
