import { once } from 'node:events'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import postgres from 'postgres'
import { z } from 'zod'
import { startProgram } from '../stack/spawn.js'
import { compareEffects, percentile, recoveryOf, type Sample } from './figures.js'
import { type LoadOrder, report } from './protocol.js'
import type { Scenario } from './scenarios.js'
import { PASSWORD, type Stage } from './stage.js'

const BUYERS = 8
const SETTLE_LIMIT_MS = 90_000
const answer = z.object({ data: z.object({ accessToken: z.string() }) })

export interface Row {
  readonly title: string
  readonly requests: number
  readonly failures: number
  readonly p99: { readonly before: number; readonly during: number; readonly after: number }
  readonly recoveryMs: number
  readonly lost: number
  readonly doubled: number
  readonly kept: boolean
}

const logIn = async (url: string, email: string): Promise<string> => {
  const response = await fetch(`${url}/v1/auth/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email, password: PASSWORD }),
    signal: AbortSignal.timeout(30_000),
  })
  if (!response.ok) throw new Error(`log-in of ${email}: ${response.status} ${await response.text()}`)
  return answer.parse(await response.json()).data.accessToken
}

const prepare = async (sql: postgres.Sql, url: string): Promise<LoadOrder> => {
  const users = await sql<{ id: string; email: string }[]>`
    select id, email from users where role = 'user' and disabled_at is null and deleted_at is null and email is not null
    order by id limit ${BUYERS}`
  const [product] = await sql<{ id: string }[]>`select id from products where deleted_at is null limit 1`
  const buyers = []
  for (const { id, email } of users) buyers.push({ id, token: await logIn(url, email) })
  return { url, productId: product?.id ?? '', buyers }
}

const startLoad = async (ledger: string, order: LoadOrder) => {
  const { child, ended } = await startProgram({
    ...{ name: 'load', role: 'app', command: process.execPath, graceMs: 5_000, ledger },
    args: ['--import', 'tsx', fileURLToPath(import.meta.resolve('./load.ts')), JSON.stringify(order)],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  const samples: Sample[] = []
  let effects: { acknowledged: string[]; unanswered: number } | undefined
  child.on('message', (message) => {
    const said = report.parse(message)
    if (said.kind === 'samples') samples.push(...said.samples)
    else effects = said
  })
  const finish = async () => {
    child.send('stop')
    await Promise.race([ended, wait(SETTLE_LIMIT_MS, undefined, { ref: false })])
    if (effects === undefined) throw new Error('the load generator did not report')
    return effects
  }
  await once(child, 'message', { signal: AbortSignal.timeout(30_000) })
  return { samples, finish }
}

/** Loads the fleet before, during and after a fault. */
export const runScenario = async (stage: Stage, scenario: Scenario, seconds: number): Promise<Row> => {
  const sql = postgres(stage.databaseUrl, { max: 1, connect_timeout: 10, onnotice: () => {} })
  try {
    const before = await sql<{ id: string }[]>`select id from orders`
    const load = await startLoad(stage.ledger, await prepare(sql, stage.url))
    await wait(seconds * 1_000)
    const begun = Date.now()
    await scenario.act(stage, seconds * 1_000)
    const ended = Date.now()
    await wait(seconds * 2_000)
    const { acknowledged, unanswered } = await load.finish()
    const old = new Set(before.map(({ id }) => id))
    const stored = (await sql<{ id: string }[]>`select id from orders`).map(({ id }) => id)
    const made = stored.filter((id) => !old.has(id))
    return rowOf(scenario, load.samples, { begun, ended }, compareEffects(acknowledged, made), unanswered)
  } finally {
    await sql.end({ timeout: 2 })
  }
}

const rowOf = (
  { title, noFailures }: Scenario,
  samples: readonly Sample[],
  { begun, ended }: { begun: number; ended: number },
  effects: { lost: number; doubled: number },
  unanswered: number,
): Row => {
  const p99 = (from: number, to: number) =>
    percentile(
      samples.filter(({ at }) => at >= from && at < to).map(({ took }) => took),
      0.99,
    )
  const failures = samples.filter(({ ok }) => !ok).length
  const whole = effects.lost + effects.doubled + unanswered === 0
  return {
    ...{ title, requests: samples.length, failures, ...effects },
    p99: { before: p99(0, begun), during: p99(begun, ended + 1), after: p99(ended + 1, Infinity) },
    recoveryMs: recoveryOf(samples, ended),
    kept: samples.length > 0 && whole && !(noFailures && failures > 0),
  }
}
