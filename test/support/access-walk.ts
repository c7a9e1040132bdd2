import type { Sql } from 'postgres'
import { CALLERS, type Caller, type Row, rowNameOf } from './access-matrix.js'
import { fillPath, requests } from './access-requests.js'
import type { Answer, CallOptions, World } from './app.js'
import { problemFaults } from './problem.js'
import type { CollectedPod } from './routes.js'
import { changedTables, type Snapshot, takeSnapshot } from './snapshot.js'
import { createStages, type Person, type Stage, type Stages } from './stage.js'

interface Theatre {
  readonly pod: CollectedPod
  readonly sql: Sql
  readonly stages: Stages
}

/** One cell of the matrix, on a stage that nobody has touched. */
interface Cell {
  readonly row: Row
  readonly caller: Caller
  readonly stage: Stage
}

/** What one method of it came to. */
interface Outcome {
  readonly method: string
  readonly answer: Answer
}

const callerOn = ({ owner, other, admin }: Stage, caller: Caller): Person | undefined =>
  ({ anonymous: undefined, user: owner, 'other user': other, admin })[caller]

const nameOf = ({ row, caller }: Cell, method = ''): string =>
  `${row.name}${method === 'HEAD' ? ' by HEAD' : ''} as ${caller}`

/** Everything that is the owner's, in the form in which it was last written. */
const belongingsOf = async (sql: Sql, { id }: Person): Promise<string> => {
  const rows = await sql`
    select u.xmin::text || u::text as content from users u where id = ${id}
    union all select s.xmin::text || s::text from sessions s where user_id = ${id}
    union all select p.xmin::text || p::text from uploads p where user_id = ${id}
    union all select w.xmin::text || w::text from webhook_endpoints w where user_id = ${id}
    union all select o.xmin::text || o::text from orders o where user_id = ${id} order by 1`
  return JSON.stringify(rows)
}

/** What an answer says of the owner: neither the public profile counts, nor the address that was called. */
const shownOf = ({ row, stage }: Cell, { headers, text, body }: Answer): string[] => {
  const { id, email, name, sessionId, device } = stage.owner
  const profile = row.name === 'GET /v1/users/:id' ? {} : { id, name }
  const secrets = Object.entries({
    ...profile,
    email,
    sessionId,
    device,
    orderId: stage.orderId,
    uploadId: stage.uploadId,
    webhookId: stage.webhookId,
    deliveryId: stage.deliveryId,
  })
  const said = body?.instance === undefined ? text : JSON.stringify({ ...body, instance: '' })
  const everything = [said, ...headers.values()].join('\n')
  return secrets.filter(([, secret]) => everything.includes(secret)).map(([secret]) => secret)
}

const faultsOfAnswer = (cell: Cell, { method, answer }: Outcome): string[] => {
  const { row, caller } = cell
  const expected = row.statuses[caller]
  const shown = caller === 'anonymous' || caller === 'other user' ? shownOf(cell, answer) : []
  return [
    ...(answer.status === expected ? [] : [`${answer.status} instead of ${expected}`]),
    ...(shown.length === 0 ? [] : [`shows the owner’s ${shown}`]),
  ].map((fault) => `${nameOf(cell, method)}: ${fault}`)
}

/** Whoever is no admin is told what a wrong password is told, and it is recorded as one. */
const FORM = 'POST /admin/login'

const CODES: Readonly<Record<number, string>> = { 401: 'unauthenticated', 403: 'forbidden' }

/** A refusal says in full that it is one; that of a HEAD has headers alone. @returns what it fails to say */
const faultsOfRefusal = (cell: Cell, { method, answer }: Outcome): string[] => {
  const { status, headers, body } = answer
  const challenge = headers.get('www-authenticate')
  const code = cell.row.name === FORM ? 'invalid_credentials' : (CODES[status] ?? body?.code)
  return [
    ...(challenge === (status === 401 ? 'Bearer' : null) ? [] : [`www-authenticate: ${challenge}`]),
    ...(headers.get('content-type')?.startsWith('application/problem+json') ? [] : ['is no problem']),
    ...(method === 'HEAD' ? [] : problemFaults(answer, { status, code })),
    ...(method === 'HEAD' || status !== 404 || /^[a-z]+_not_found$/.test(body?.code)
      ? []
      : ['does not name what is not there']),
  ].map((fault) => `${nameOf(cell, method)}: ${fault}`)
}

/** Makes what sends a cell's valid request, by HEAD, too, where the route has one, and says whether that took rows. */
const prepare = async ({ pod, stages }: Theatre, { row, caller, stage }: Cell) => {
  const person = callerOn(stage, caller)
  let hasWritten = false
  const written = <A extends readonly unknown[], R>(write: (...args: A) => R) => {
    return (...args: A): R => {
      hasWritten = true
      return write(...args)
    }
  }
  const helpers = {
    mailToken: written(stages.mailToken),
    moveOrder: written(stages.moveOrder),
    deadLetter: written(stages.deadLetter),
  }
  const scene = { ...stage, ...helpers, self: person ?? stage.owner, url: pod.url }
  const { parameter, body, headers } = (await requests[row.name]?.(scene)) ?? {}
  const target = fillPath(row.name.replace(/^\S+ /, ''), parameter)
  const options: CallOptions = {
    ...(person && { token: person.token }),
    ...(body && { body }),
    ...(headers && { headers }),
  }
  const send = async (): Promise<Outcome[]> => {
    const outcomes: Outcome[] = []
    for (const { method } of pod.routes.filter((route) => rowNameOf(route) === row.name))
      outcomes.push({ method, answer: await pod.call(method, target, options) })
    return outcomes
  }
  return { send, hasWritten }
}

/** @param asSet what the tables held before */
const play = async (theatre: Theatre, cell: Cell, asSet: Snapshot) => {
  const { sql } = theatre
  const { row, caller, stage } = cell
  const lookAtOwner = async () => (caller === 'other user' ? belongingsOf(sql, stage.owner) : '')
  const { send, hasWritten } = await prepare(theatre, cell)
  const [tables, owned] = await Promise.all([hasWritten ? takeSnapshot(sql) : asSet, lookAtOwner()])
  const outcomes = await send()
  const [tablesNow, ownedNow] = await Promise.all([takeSnapshot(sql), lookAtOwner()])
  const recorded = row.name === FORM ? ['audit_log'] : []
  const changed = changedTables(tables, tablesNow).filter((table) => !recorded.includes(table))
  const mayWrite = !row.name.startsWith('GET ') && outcomes.every(({ answer }) => answer.status < 400)
  const refused = outcomes.filter(({ answer }) => answer.status >= 400)
  const faults = [
    ...outcomes.flatMap((outcome) => faultsOfAnswer(cell, outcome)),
    ...refused.flatMap((outcome) => faultsOfRefusal(cell, outcome)),
    ...(mayWrite || changed.length === 0 ? [] : [`${nameOf(cell)}: changed ${changed}`]),
    ...(ownedNow === owned ? [] : [`${nameOf(cell)}: changed what is the owner’s`]),
  ]
  return { calls: outcomes.length, refused: refused.length, faults, tablesNow }
}

/** A stage, and what the tables hold now that it is set. */
const setStage = async ({ sql, stages }: Theatre) => {
  const stage = await stages.setStage()
  return { stage, tables: await takeSnapshot(sql) }
}

/**
 * Calls the route of every row as everybody.
 * @returns in sentences, what anybody got, saw or changed that is not in the matrix
 */
export const walk = async (world: World, pod: CollectedPod, rows: readonly Row[]) => {
  const theatre = { pod, sql: world.database.sql, stages: await createStages(world, pod) }
  const faults: string[] = []
  const counts = { calls: 0, refused: 0 }
  let set: Awaited<ReturnType<typeof setStage>> | undefined
  for (const { row, caller } of rows.flatMap((row) => CALLERS.map((caller) => ({ row, caller })))) {
    // Each digest goes through all rows of all stages: one on which nothing was written serves again.
    const { stage, tables } = set ?? (await setStage(theatre))
    const played = await play(theatre, { row, caller, stage }, tables)
    set = changedTables(tables, played.tablesNow).length === 0 ? { stage, tables } : undefined
    counts.calls += played.calls
    counts.refused += played.refused
    faults.push(...played.faults)
  }
  return { ...counts, faults }
}
