import type { Test } from 'tap'
import type { Answer } from './client.js'

export interface Expected {
  readonly status: number
  readonly code: string
  /** The path without the query. */
  readonly instance?: string
}

const TEXTS = ['title', 'detail', 'instance', 'requestId'] as const
/** Words that only a stack, a statement or a driver's message has. */
const INTERNALS =
  /node_modules|\.[jt]s:\d|at async|select "|insert into|update "|Query ?Failed|relation "|ECONN|argon2|postgres/i
const MAX_ERRORS = 20

const isFieldFault = (fault: object): boolean =>
  Object.keys(fault).sort().join() === 'message,path' &&
  Object.values(fault).every((member) => typeof member === 'string')

/** Input that is not valid is named, in a list that nobody can make long. */
const hasErrors = (errors: unknown): boolean =>
  Array.isArray(errors) && errors.length > 0 && errors.length <= MAX_ERRORS && errors.every(isFieldFault)

const faultsOf = ({ status, headers, body, text }: Answer, expected: Expected): string[] => {
  const { code, instance = body?.instance } = expected
  const held: Readonly<Record<string, boolean>> = {
    [`status ${status}`]: status === expected.status && body?.status === status,
    [`code ${body?.code}`]: body?.code === code && body?.type === `urn:unnest:problem:${code}`,
    [`instance ${body?.instance}`]: body?.instance === instance,
    [`media type ${headers.get('content-type')}`]: /^application\/problem\+json; ?charset=utf-8$/i.test(
      headers.get('content-type') ?? '',
    ),
    'a request id that is not that of the header': body?.requestId === headers.get('x-request-id'),
    'a cache may keep it': headers.get('cache-control') === 'no-store',
    'a member is missing': TEXTS.every((member) => typeof body?.[member] === 'string'),
    'no list of what is not valid': code !== 'validation_failed' || hasErrors(body?.errors),
    'it tells of the insides': !INTERNALS.test(text),
  }
  return Object.keys(held).filter((fault) => !held[fault])
}

/** Asserts that an answer is a whole RFC 9457 problem with the members of the contract, and says nothing of the insides. */
export const isProblem = (t: Test, answer: Answer, expected: Expected, what = expected.code): void => {
  t.strictSame(faultsOf(answer, expected), [], `${what}: is ${expected.status} ${expected.code}`)
}
