import t from 'tap'
import { v7 as uuidv7 } from 'uuid'
import { createWorld, startWorkerPod } from '../support/app.js'
import { insertUser } from '../support/outbox.js'
import { until } from '../support/until.js'

const CHORES = ['outbox.prune', 'audit.prune', 'sessions.prune', 'one-time-tokens.prune']

t.test('old sessions, tokens and audit entries are cleared away, and young ones are not', async (t) => {
  const world = await createWorld(t)
  const { sql } = world.database
  const { id: userId } = await insertUser(world)
  const [oldSession, session, oldEntry, entry] = [uuidv7(), uuidv7(), uuidv7(), uuidv7()]
  const [oldToken, token] = [Buffer.from('old'), Buffer.from('young')]
  await sql`insert into sessions (id, user_id, refresh_token_hash, expires_at) values
    (${oldSession}, ${userId}, 'old', now() - interval '8 days'),
    (${session}, ${userId}, 'young', now() - interval '6 days')`
  await sql`insert into one_time_tokens (token_hash, user_id, purpose, expires_at) values
    (${oldToken}, ${userId}, 'verify_email', now() - interval '1 second'),
    (${token}, ${userId}, 'verify_email', now() + interval '1 hour')`
  await sql`insert into audit_log (id, action, created_at) values
    (${oldEntry}, 'login.failed', now() - interval '366 days'),
    (${entry}, 'login.failed', now() - interval '364 days')`

  const worker = await startWorkerPod(t, world)
  const done = () => worker.log.filter(({ msg }) => msg === 'housekeeping done')
  await until('the round', () => done().length === CHORES.length)
  t.strictSame(
    done().map(({ task, deleted }) => [task, deleted]),
    CHORES.map((task) => [task, task === 'outbox.prune' ? 0 : 1]),
  )
  t.strictSame([...(await sql`select id from sessions`)], [{ id: session }])
  t.strictSame([...(await sql`select token_hash from one_time_tokens`)], [{ token_hash: token }])
  t.strictSame([...(await sql`select id from audit_log`)], [{ id: entry }])
})
