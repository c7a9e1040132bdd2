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
  const seen = {
    status: answer.status,
    mediaType: headers.get('content-type'),
    body: { status: body?.status, code: body?.code, type: body?.type, requestId: body?.requestId },
    missing: MEMBERS.filter((member) => body === undefined || !(member in body)),
    insides: INTERNALS.exec(text)?.[0],
    ...(instance !== undefined && { instance: body?.instance }),
  }
  // One assertion: each costs a millisecond, and the tests look at hundreds of problems.
  t.strictSame(
    seen,
    {
      status,
      mediaType: 'application/problem+json; charset=utf-8',
      body: { status, code, type: `urn:unnest:problem:${code}`, requestId: headers.get('x-request-id') },
      missing: [],
      insides: undefined,
      ...(instance !== undefined && { instance }),
    },
    what,
  )
}
