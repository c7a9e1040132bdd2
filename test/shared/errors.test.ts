import { readFileSync } from 'node:fs'
import t from 'tap'
// These two load everything that defines an error.
import '../../src/app.js'
import '../../src/container.js'
import { DomainError, definedErrors, defineError, type ErrorKind } from '../../src/shared/errors.js'
import { httpFaults } from '../../src/shared/http/http-errors.js'
import { STATUS_OF_KIND, toProblem } from '../../src/shared/http/problem.js'

const DOCUMENT = new URL('../../docs/errors.md', import.meta.url)
const KINDS: readonly ErrorKind[] = [
  'invalid',
  'unauthenticated',
  'forbidden',
  'not_found',
  'conflict',
  'in_progress',
  'outdated',
  'unprocessable',
  'too_many',
  'unavailable',
]

/** `| \`code\` | 404 | when |` */
const ROW = /^\| `(\w+)` \| (\d{3}) \| (.+) \|$/gm

t.test('a code is one error', async (t) => {
  const codes = [...definedErrors(), ...httpFaults].map(({ code }) => code)
  t.strictSame(codes, [...new Set(codes)])
  for (const code of codes) t.match(code, /^[a-z]+(_[a-z]+)*$/)
  t.throws(() => defineError('validation_failed', 'conflict', 'Again.'), /validation_failed is defined twice/)
})

t.test('each kind has its status', async (t) => {
  t.strictSame(Object.keys(STATUS_OF_KIND).sort(), [...KINDS].sort())
  for (const kind of KINDS) {
    const { status, body } = toProblem(new DomainError('a_code', kind, 'A title.', 'A detail.', {}))
    t.equal(status, STATUS_OF_KIND[kind])
    t.match(body, { code: 'a_code', title: 'A title.', detail: 'A detail.', status })
    t.ok(status >= 400 && status !== 500, kind)
  }
})

t.test('an error speaks to clients and keeps its cause to itself', async (t) => {
  const cause = new Error('secret')
  for (const definition of definedErrors()) {
    const error = definition({ cause, facts: { hint: 'this way' } })
    t.match(error, { code: definition.code, kind: definition.kind, message: definition.title, cause })
    t.match(definition.title, /^[A-Z].+\.$/, `${definition.code} is told in a sentence`)
    const { body } = toProblem(error)
    t.equal(body['hint'], 'this way')
    t.notMatch(JSON.stringify(body), /secret/)
  }
  const defect = toProblem(new TypeError('secret'))
  t.match(defect, { status: 500, body: { code: 'internal_error' } })
  t.notMatch(JSON.stringify(defect), /secret/)
})

t.test('docs/errors.md lists them all, as they are', async (t) => {
  const documented = [...readFileSync(DOCUMENT, 'utf8').matchAll(ROW)].map(
    ([, code, status]) => `${code} ${status}`,
  )
  const defined = [
    ...definedErrors().map(({ code, kind }) => `${code} ${STATUS_OF_KIND[kind]}`),
    ...httpFaults.map(({ code, status }) => `${code} ${status}`),
  ]
  t.strictSame(documented.sort(), defined.sort())
})
