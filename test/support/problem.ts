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

type Judged = Pick<Answer, 'status' | 'headers' | 'text' | 'body'>

/** What keeps an answer from being a whole RFC 9457 problem with our members that says nothing of us, in sentences. */
export const problemFaults = ({ status, headers, body, text }: Judged, expected: Expected): string[] => {
  const comparisons: [string, unknown, unknown][] = [
    ['status', status, expected.status],
    ['media type', headers.get('content-type'), 'application/problem+json; charset=utf-8'],
    ['code', body?.code, expected.code],
    ['status in the body', body?.status, expected.status],
    ['type', body?.type, `urn:unnest:problem:${expected.code}`],
    ['request id', body?.requestId, headers.get('x-request-id')],
    ['instance', body?.instance, expected.instance ?? body?.instance],
  ]
  const insides = INTERNALS.exec(text)
  return [
    ...comparisons
      .filter(([, got, wanted]) => got !== wanted)
      .map(([what, got, wanted]) => `${what}: ${got} instead of ${wanted}`),
    ...MEMBERS.filter((member) => body === undefined || !(member in body)).map((member) => `no ${member}`),
    ...(insides ? [`our insides: ${insides[0]}`] : []),
  ]
}

/** Asserts it, once: an assertion costs as much as a request does. */
export const isProblem = (t: TapTest, answer: Judged, expected: Expected, what = expected.code): void => {
  t.strictSame(problemFaults(answer, expected), [], `${what}: a whole problem`)
}
