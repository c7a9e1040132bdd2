import { setTimeout as wait } from 'node:timers/promises'
import { sql as query } from 'drizzle-orm'
import t from 'tap'
import { connectDatabase } from '../../src/shared/database/client.js'
import { isTransientFailure } from '../../src/shared/database/failures.js'
import { defineQuery, type Places, queries } from '../../src/shared/database/statement.js'
import { createTestDatabase } from '../support/database.js'
import { figure } from '../support/figures.js'
import { startProxy } from '../support/proxy.js'

const POOL = 2
const CLIENTS = 20
const RESETS = 10
const PAUSE_MS = 400
const LIMIT_MS = 5_000

const columns = { number: query<number>`number` }
const echo = defineQuery(columns, (place: Places<{ number: number }>) =>
  queries.select(columns).from(query`(select ${place('number')}::int as number) as asked`),
)

t.test(
  'connections that are reset under load: each gets its own answer or a failure that passes',
  async (t) => {
    const { url } = await createTestDatabase(t)
    const proxy = await startProxy(t, new URL(url))
    const near = new URL(url)
    near.port = String(proxy.port)
    const { database, close } = connectDatabase({ url: near.href, poolMax: POOL, applicationName: 'test' })
    t.teardown(close)
    const seen = { right: 0, failed: 0, other: [] as unknown[] }
    let [asked, isOver] = [0, false]
    const ask = async (number: number): Promise<void> => {
      const answer = echo(database, { number }).then(
        ([row]) => row?.number,
        (error: unknown) => (isTransientFailure(error) ? 'passes' : error),
      )
      const found = await Promise.race([answer, wait(LIMIT_MS, 'no answer', { ref: false })])
      if (found === number) seen.right += 1
      else if (found === 'passes') seen.failed += 1
      else seen.other.push(found)
    }
    const client = async (): Promise<void> => {
      while (!isOver && seen.other.length === 0) {
        asked += 1
        await ask(asked)
      }
    }
    const clients = Array.from({ length: CLIENTS }, client)
    for (let n = 0; n < RESETS; n += 1) {
      await wait(PAUSE_MS)
      proxy.reset()
    }
    isOver = true
    await Promise.all(clients)
    t.strictSame(seen.other, [])
    t.ok(seen.right > 0 && seen.failed > 0)
    await ask(-1)
    t.strictSame(seen.other, [], 'and the pool is there')
    figure(
      t,
      `${RESETS} resets under load: ${seen.right} right, ${seen.failed} failed and pass, 0 wrong, 0 lost`,
    )
  },
)
