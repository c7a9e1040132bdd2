import t from 'tap'
import { PermanentFailure } from '../../src/shared/queue/outcomes.js'
import { ADDRESS, endOf, openMail, startMail } from '../support/mail-sender.js'
import { type SmtpServer, startSmtp } from '../support/smtp.js'
import type { SmtpMode } from '../support/smtp-modes.js'
import { until } from '../support/until.js'

/** Mails that were taken, those that came whole, and the connections they came over. */
const count = ({ mails, sent, connections }: SmtpServer) => [mails.length, sent(), connections().ever]

/** What the server answers where, and whether another try may help. */
const ANSWERS: readonly [what: string, mode: SmtpMode, permanent: boolean, words: string][] = [
  ['a greeting that sends us away', { at: 'greeting', answer: 554 }, false, '554'],
  ['"come back later"', { at: 'greeting', answer: 421 }, false, '421'],
  ['a sender for now', 'refuse', false, '451 at MAIL FROM'],
  ['a sender for good', { at: 'mail', answer: 550 }, false, '550 at MAIL FROM'],
  ['a recipient for now', { at: 'rcpt', answer: 450 }, false, '450 at RCPT TO'],
  ['a full mailbox', { at: 'rcpt', answer: 452 }, false, '452 at RCPT TO'],
  ['no such recipient', 'reject', true, '550 at RCPT TO'],
  ['a moved one', { at: 'rcpt', answer: 551 }, true, '551 at RCPT TO'],
  [
    'no such recipient, said twice',
    { at: 'rcpt', answer: 554, text: `5.1.1 <${ADDRESS}>: unknown` },
    true,
    '554 5.1.1 at RCPT TO',
  ],
  [
    'relaying denied',
    { at: 'rcpt', answer: 550, text: `5.7.1 <${ADDRESS}>: denied` },
    false,
    '550 5.7.1 at RCPT TO',
  ],
  ['a log-in first', { at: 'rcpt', answer: 530 }, false, '530 at RCPT TO'],
  ['a mail for now', { at: 'data', answer: 451 }, false, '451 at DATA'],
  ['a mail for good', { at: 'data', answer: 554 }, true, '554 at DATA'],
  ['nothing, at the greeting', { at: 'greeting', answer: 'reset' }, false, 'could not be used'],
  ['nothing, at the sender', { at: 'mail', answer: 'reset' }, false, 'could not be used'],
  ['nothing, at the recipient', { at: 'rcpt', answer: 'reset' }, false, 'could not be used'],
  ['nothing, at the mail', { at: 'data', answer: 'reset' }, false, 'could not be used'],
]

t.test('what a server refuses is given up where it has spoken of this mail, else tried again', async (t) => {
  const smtp = await startSmtp(t)
  for (const [what, mode, permanent, words] of ANSWERS) {
    const { send } = openMail(t, smtp.url)
    smtp.setMode(mode)
    const failure = await endOf(t, send())
    t.equal(failure instanceof PermanentFailure, permanent, `${what}: ${failure?.message}`)
    t.match(failure?.message, words, what)
    smtp.setMode('accept')
    t.equal(await endOf(t, send()), undefined, `after ${what} the next one goes out`)
  }
})

t.test(
  'a mail whose connection breaks after it was sent is not sent again behind the job’s back',
  async (t) => {
    const { smtp, send } = await startMail(t, { at: 'data', answer: 'reset' })
    t.ok(await endOf(t, send()))
    await until('the connection to end', () => smtp.connections().open === 0)
    smtp.setMode('accept')
    await send()
    t.strictSame(count(smtp), [1, 2, 2])
  },
)

t.test('a kept connection that the server has left costs no try', async (t) => {
  const { smtp, send } = await startMail(t)
  await send()
  smtp.setMode({ at: 'mail', answer: 'reset', once: true })
  t.equal(await endOf(t, send()), undefined)
  t.strictSame(count(smtp), [2, 2, 2])
})
