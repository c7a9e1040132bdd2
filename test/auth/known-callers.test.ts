import t from 'tap'
import { createKnownCallers } from '../../src/auth/known-callers.js'

const callerUntil = (expiresAt: number) => ({
  principal: { userId: 'ada', sessionId: 'one', role: 'user' as const },
  expiresAt,
})

t.test('a caller is known until the token expires, and not under another text', async (t) => {
  let now = 1_000_000
  t.intercept(Date, 'now', { value: () => now })
  const callers = createKnownCallers()
  callers.keep('Bearer a', callerUntil(now + 1_000))
  t.match(callers.find('Bearer a'), { principal: { userId: 'ada' } })
  for (const other of ['', 'Bearer A', 'bearer a', 'Bearer a ']) t.equal(callers.find(other), undefined)
  now += 999
  t.ok(callers.find('Bearer a'))
  now += 1
  t.equal(callers.find('Bearer a'), undefined, 'not at the moment of expiry either (RFC 7519, 4.1.4)')
})

t.test('no more are known than there is room for', async (t) => {
  const callers = createKnownCallers(2)
  for (const text of ['a', 'b', 'c']) callers.keep(text, callerUntil(Number.POSITIVE_INFINITY))
  t.equal(callers.find('a'), undefined)
  t.ok(callers.find('b') && callers.find('c'))
})
