import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { parseMail } from '../support/mail.js'
import { ADDRESS, endOf, openMail, startMail, TRY_MS } from '../support/mail-sender.js'
import { until } from '../support/until.js'

const MAX_CONNECTIONS = 5
/** One of them waits for a time-out of five seconds; the others need not. */
const SIDE_BY_SIDE = { buffered: true }
t.jobs = 3
/** All that a mail has. */
const HEADERS = [
  'auto-submitted',
  'content-type',
  'date',
  'from',
  'message-id',
  'mime-version',
  'subject',
  'to',
]

t.test('a server that is not there, or says nothing, is given up in time', SIDE_BY_SIDE, async (t) => {
  const { smtp, send } = await startMail(t, 'mute')
  const begun = performance.now()
  const [muted, absent] = await Promise.all([
    endOf(t, send()),
    endOf(t, openMail(t, 'smtp://127.0.0.1:1?tls=none').send()),
  ])
  const ms = performance.now() - begun
  t.match(muted?.message, 'ETIMEDOUT')
  t.match(absent?.message, 'ECONNREFUSED')
  t.ok(ms < TRY_MS, `in ${Math.round(ms)} ms`)
  t.equal(smtp.sent(), 0)
})

t.test('neither a name nor an address adds a header or a recipient', SIDE_BY_SIDE, async (t) => {
  const { smtp, send } = await startMail(t)
  const pieces = [
    '\r\n',
    '\n',
    '\r',
    'Bcc: eve@evil.example',
    '.',
    'DATA',
    '<',
    '>',
    ',',
    ';',
    '"',
    'Ada',
    ' ',
    '\u2028',
    '=?utf-8?q?=0a?=',
  ]
  const hostile = fc.array(fc.constantFrom(...pieces), { maxLength: 8 }).map((list) => list.join(''))
  const property = fc.asyncProperty(hostile, hostile, async (name, tail) => {
    const before = smtp.mails.length
    await send(name)
    // A refusal is as good as a harmless mail.
    await send(name, { to: `${ADDRESS}${tail}` }).catch(() => {})
    for (const { recipients, message } of smtp.mails.slice(before)) {
      const { headers } = parseMail(message)
      assert.equal(recipients.length, 1)
      assert.notEqual(recipients[0], 'eve@evil.example')
      assert.deepEqual([...headers.keys()].sort(), HEADERS)
      assert.ok([...headers.values()].every((values) => values.length === 1))
    }
    assert.ok(smtp.mails.length > before, 'the address as it should be is written to')
  })
  await fc.assert(property, { numRuns: 50 })
  const addresses = [
    `${ADDRESS}\r\nBcc: eve@evil.example`,
    `${ADDRESS}, eve@evil.example`,
    `${ADDRESS}>\r\nRCPT TO:<eve@evil.example`,
  ]
  for (const to of addresses) await send('Ada', { to }).catch(() => {})
  t.notMatch(smtp.mails.flatMap(({ recipients }) => recipients).join(' '), /eve@evil\.example$/)
})

t.test('many mails go over few connections', async (t) => {
  const { smtp, send } = await startMail(t)
  await Promise.all(Array.from({ length: 40 }, () => send()))
  t.equal(smtp.mails.length, 40)
  t.ok(smtp.connections().ever <= MAX_CONNECTIONS, `${smtp.connections().ever} connections`)
  await send()
  t.ok(smtp.connections().ever <= MAX_CONNECTIONS, 'kept for the next one')
  t.comment(`40 mails over ${smtp.connections().ever} connections`)
})

t.test('which are closed with the worker', async (t) => {
  const { smtp, send, close } = await startMail(t)
  await send()
  smtp.setMode('stall')
  const stalled = send()
  await until('the mail to be held', () => smtp.stalled() === 1)
  await close()
  t.ok(await endOf(t, stalled), 'one that hangs too')
  await until('them to end', () => smtp.connections().open === 0)
})

t.test('the whole text arrives, a line of one dot included', async (t) => {
  const { smtp, send } = await startMail(t)
  await send('.')
  await send(`. ${'long name '.repeat(30)}`)
  const [first, second] = smtp.mails.map(({ message }) => parseMail(message))
  t.match(first?.text, /^Hello \.,\n\nyour password/)
  t.match(second?.text, `Hello . ${'long name '.repeat(30)},`)
})

t.test('a try that was given up sends nothing any more', async (t) => {
  const { smtp, send } = await startMail(t, 'mute')
  for (const mode of ['mute', 'stall'] as const) {
    smtp.setMode(mode)
    const before = smtp.connections().ever
    const given = new AbortController()
    const sending = endOf(t, send('Ada', { signal: given.signal }))
    if (mode === 'mute') await until('the connection', () => smtp.connections().ever > before)
    else await until('the mail to be held', () => smtp.stalled() === 1)
    given.abort()
    t.match((await sending)?.message, 'given up with its try', mode)
    await until('the connection to end', () => smtp.connections().open === 0)
  }
  smtp.release()
  t.strictSame(smtp.mails, [], 'nor is it taken afterwards')
  t.match((await endOf(t, send('Ada', { signal: AbortSignal.abort() })))?.message, 'given up with its try')
  t.equal(smtp.connections().open, 0)
})
