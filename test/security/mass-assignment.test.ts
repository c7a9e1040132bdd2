import t from 'tap'
import { type Row, readMatrix } from '../support/access-matrix.js'
import { fillPath, requests } from '../support/access-requests.js'
import { type Answer, createWorld, startPod } from '../support/app.js'
import { createCaller } from '../support/caller.js'
import { excessIn, secretsIn } from '../support/excess.js'
import { figure, scaled } from '../support/figures.js'
import { type Document, operationOf } from '../support/openapi.js'
import { changedTables, takeSnapshot } from '../support/snapshot.js'
import { createStages, type Person, type Stages } from '../support/stage.js'
import { bodiesWith, FIELD_COUNT, smuggledBeside } from '../support/undeclared.js'

const TWICE = scaled(4, 100)
/** Every so many of the fields come in the query beside a body, too, which has them all; from route to route others. */
const QUERY_EVERY = scaled(4, 1)

interface Attempt {
  readonly path: string
  readonly body?: object | string
}

/** A route, and a valid request to it by somebody who may. */
interface Subject {
  readonly name: string
  readonly method: string
  readonly self: Person
  readonly valid: Attempt
  readonly success: number
}

const accountRows = (): Row[] => readMatrix().filter(({ name }) => /^\S+ \/v1\/(auth|users)/.test(name))

const subjectOf = async ({ name, statuses }: Row, stages: Stages): Promise<Subject> => {
  const { setStage, ...helpers } = stages
  const stage = await setStage()
  const [self, success] = statuses.user < 400 ? [stage.owner, statuses.user] : [stage.admin, statuses.admin]
  const scene = { ...stage, ...helpers, self, url: '' }
  const { parameter, body } = (await requests[name]?.(scene)) ?? {}
  const [method = '', template = ''] = name.split(' ')
  const path = fillPath(template, parameter)
  return { name, method, self, valid: { path, ...(typeof body === 'object' && { body }) }, success }
}

/** The same request with what the route does not declare; `turn` is the route's number. */
const attacksOn = (document: Document, { name, valid }: Subject, turn: number): Attempt[] => {
  const { parameters = [], requestBody } = operationOf(document, name)
  const declared = Object.keys(requestBody?.content['application/json']?.schema?.properties ?? {})
  const inQuery = parameters
    .filter((parameter) => parameter.in === 'query')
    .map((parameter) => parameter.name)
  const { path, body } = valid
  const bodies = typeof body === 'object' ? bodiesWith(body, smuggledBeside(declared, TWICE)) : []
  const queries = smuggledBeside(inQuery, TWICE).filter(
    (_, index) => bodies.length === 0 || (index + turn) % QUERY_EVERY === 0,
  )
  return [
    ...bodies.map((text) => ({ path, body: text })),
    ...queries.map(({ query }) => ({ ...valid, path: `${path}?${query}` })),
  ]
}

const isRefused = ({ status, body }: Answer): boolean =>
  status === 400 && body?.code === 'validation_failed' && Array.isArray(body.errors)

const world = await createWorld(t)
const { sql } = world.database
const pod = await startPod(t, world)
const call = createCaller(t).to(pod.url)
const stages = await createStages(world, pod)

t.test('no account route writes a field that it does not declare, or answers one', async (t) => {
  const document: Document = (await call('GET', '/openapi.json')).body
  const rows = accountRows()
  const counts = { requests: 0, written: 0, returned: 0 }
  for (const [turn, row] of rows.entries()) {
    const subject = await subjectOf(row, stages)
    const { name, method, self, valid, success } = subject
    const send = async (attempt: Attempt) => {
      const { path, ...options } = attempt
      return { attempt, answer: await call(method, path, { token: self.token, ...options }) }
    }
    const before = await takeSnapshot(sql)
    const attacks = await Promise.all(attacksOn(document, subject, turn).map(send))
    const accepted = attacks.filter(({ answer }) => !isRefused(answer)).map(({ attempt }) => attempt)
    t.strictSame(accepted, [], `${name}: each is refused as invalid`)
    const changed = changedTables(before, await takeSnapshot(sql)).filter((table) => table !== 'audit_log')
    t.strictSame(changed, [], `${name}: nothing is written`)

    const secrets = await secretsIn(sql)
    const { answer } = await send(valid)
    t.equal(answer.status, success, `${name}: without what was added it is valid`)
    const isWritten = changedTables(before, await takeSnapshot(sql)).length > 0
    t.equal(isWritten, method !== 'GET', `${name}: what is written is seen`)
    // The second time it may come from the cache.
    const answers = [...attacks, await send(valid)].map((attack) => attack.answer)
    const operation = operationOf(document, name)
    const excess = [answer, ...answers].flatMap((each) => excessIn(operation, each, secrets))
    t.strictSame(excess, [], `${name}: answers have what is declared`)
    counts.requests += attacks.length
    counts.written += changed.length
    counts.returned += excess.length
  }
  const { requests: sent, written, returned } = counts
  figure(
    t,
    `row 20: ${FIELD_COUNT} fields x ${rows.length} routes in ${sent} requests, ${written} written, ${returned} returned`,
  )
})

t.test('of a field that is there twice the last one counts, and that one is checked', async (t) => {
  const { owner } = await stages.setStage()
  const patch = (body: string) => call('PATCH', '/v1/users/me', { token: owner.token, body })
  t.equal((await patch('{"name":"Ada","name":{"role":"admin"}}')).status, 400)
  const { status, body } = await patch('{"name":{"role":"admin"},"name":"Ada"}')
  t.match({ status, ...body }, { status: 200, data: { name: 'Ada', role: 'user' } })
})
