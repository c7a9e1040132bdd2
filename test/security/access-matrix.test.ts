import t from 'tap'
import { CALLERS, gapsOf, readMatrix } from '../support/access-matrix.js'
import { requests } from '../support/access-requests.js'
import { walk } from '../support/access-walk.js'
import { createWorld } from '../support/app.js'
import { figure } from '../support/figures.js'
import { startAndCollect } from '../support/routes.js'

t.test(
  'every route gives each caller what docs/access.md says, and nobody what is the owner’s',
  async (t) => {
    const world = await createWorld(t)
    const pod = await startAndCollect(t, world)
    const rows = readMatrix()
    t.strictSame(gapsOf(pod.routes, rows, requests), [], 'the matrix is whole')
    const { calls, refused, faults } = await walk(world, pod, rows)
    t.strictSame(faults, [])
    t.equal(calls, pod.routes.length * CALLERS.length, 'every route, HEAD too, as every caller')
    const refusals = rows.flatMap(({ statuses }) => CALLERS.filter((caller) => statuses[caller] >= 400))
    t.ok(refused >= refusals.length, 'of every refusal it was asked whether it says so in full')
    figure(t, `row 19: ${pod.routes.length} routes x ${CALLERS.length} callers, ${faults.length} leaks`)
  },
)

t.test('what the matrix leaves out is named', async (t) => {
  const table = (...lines: string[]) =>
    ['| route | anonymous | user | other user | admin |', '|---|---|---|---|---|', ...lines].join('\n')
  const rows = readMatrix(
    table('| `GET /a` | 200 | 200 | 200 | 200 |', '| `POST /b` | 401 | 403 | 403 | 201 |'),
  )
  const [a, b] = [
    { method: 'GET', path: '/a' },
    { method: 'POST', path: '/b' },
  ]
  const both = { 'GET /a': true, 'POST /b': true }
  const head = { method: 'HEAD', path: '/a' }
  const open = { method: 'POST', path: '/v1/open' }
  t.strictSame(gapsOf([a, head, b], rows, both), [], 'a whole one has no gaps')
  t.strictSame(gapsOf([a, b, open], rows, both), ['POST /v1/open has no row in docs/access.md'])
  t.strictSame(gapsOf([head, b, open], rows.slice(1), { 'POST /b': true }), [
    'GET /a has no row in docs/access.md',
    'POST /v1/open has no row in docs/access.md',
  ])
  t.strictSame(gapsOf([b], rows, both), ['GET /a has a row in docs/access.md, but is no route'])
  t.strictSame(gapsOf([a, b], rows, { 'GET /a': true }), [
    'POST /b has no request in test/support/access-requests.ts',
  ])
  t.strictSame(gapsOf([a, b], rows, { ...both, 'GET /c': true }), [
    'GET /c has a request in test/support/access-requests.ts, but no row',
  ])
  t.strictSame(gapsOf([a, b], [...rows, ...rows.slice(1)], both), ['POST /b has two rows in docs/access.md'])
  for (const line of [
    '| GET /a | 200 | 200 | 200 | 200 |',
    '| `GET /a` | 200 | 200 | 200 |',
    '| `GET /a` | 200 | 200 | - | 200 |',
    '| `POST /a` | 401 | 400 | 404 | 200 |',
  ])
    t.throws(() => readMatrix(table(line)), { message: `this is no row of the matrix: ${line}` }, line)
  t.throws(() => readMatrix(''), { message: 'the table must begin with' })
})
