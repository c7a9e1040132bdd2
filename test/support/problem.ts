import type { Test as TapTest } from 'tap'
import type { Answer } from './app.js'

const MEMBERS = ['code', 'detail', 'instance', 'requestId', 'status', 'title', 'type'] as const

/** Words that only a stack, a statement or a driver's message has. */
const INTERNALS =
  /node_modules|\.[jt]s:\d|at async|select "|insert into|update "|Failed query|relation "|ECONN|argon2|postgres/i

export interface Expected {
  readonly status: number
  readonly code: string
  /** The path without the query. */
  readonly instance?: string
}

/** Asserts that an answer is a whole RFC 9457 problem with our members, and says nothing of us. */
export const isProblem = (
  t: TapTest,
  answer: Pick<Answer, 'status' | 'headers' | 'text' | 'body'>,
  { status, code, instance }: Expected,
  what = code,
): void => {
  const { headers, body, text } = answer
  t.equal(answer.status, status, `${what}: status`)
  t.equal(headers.get('content-type'), 'application/problem+json; charset=utf-8', `${what}: media type`)
  t.match(body, { code, status, type: `urn:unnest:problem:${code}` }, `${what}: members`)
  for (const member of MEMBERS) t.ok(body !== undefined && member in body, `${what}: has ${member}`)
  t.equal(body?.requestId, headers.get('x-request-id'), `${what}: request id`)
  if (instance !== undefined) t.equal(body?.instance, instance, `${what}: instance`)
  t.notMatch(text, INTERNALS, `${what}: nothing of our insides`)
}
