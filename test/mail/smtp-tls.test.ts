import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test as TapTest } from 'tap'
import { createMailTransport } from '../../src/mail/mail.transport.js'
import { createWorld } from '../support/app.js'
import { createCertificate } from '../support/certificate.js'
import { insertWelcome, untilOutboxClosed } from '../support/outbox.js'
import { startProcess } from '../support/process.js'
import { startSmtp } from '../support/smtp.js'

const certificate = createCertificate()
const login = { user: 'unnest@example.com', password: 'p%ss:w/rd@' }

/** Where an operator puts a certificate authority of their own. */
const trustFile = (t: TapTest): string => {
  const directory = mkdtempSync(join(tmpdir(), 'unnest-trust-'))
  t.teardown(() => rmSync(directory, { recursive: true }))
  const path = join(directory, 'ca.pem')
  writeFileSync(path, certificate.cert)
  return path
}

const failureOf = async (t: TapTest, url: string): Promise<string> => {
  const transport = createMailTransport(url, '')
  t.teardown(transport.close)
  const mail = { from: 'no-reply@unnest.example', to: 'ada@example.com', text: 'Hello' }
  const sending = transport.send('key', mail, AbortSignal.timeout(10_000))
  return sending.then(
    () => 'it was sent',
    (error: Error) => `${error.name}: ${error.message}`,
  )
}

t.test('a worker logs in and sends over TLS, from the first byte or by STARTTLS', async (t) => {
  const trust = { NODE_EXTRA_CA_CERTS: trustFile(t) }
  await Promise.all(
    (['implicit', 'starttls'] as const).map(async (tls) => {
      const smtp = await startSmtp(t, { tls, certificate, login })
      const world = await createWorld(t, { SMTP_URL: smtp.url })
      const job = await insertWelcome(world)
      const worker = await startProcess(t, 'worker.js', { ...world.env, ...trust })
      t.match(await untilOutboxClosed(world), [{ failure: null }], tls)
      t.match(smtp.mails, [{ recipients: [job.to], secure: true, user: login.user }], tls)
      worker.kill('SIGTERM')
      t.equal(await worker.exit, 0)
    }),
  )
})

t.test('a certificate that nobody vouches for, or an old one, gets neither password nor mail', async (t) => {
  for (const tls of ['implicit', 'starttls'] as const) {
    for (const [what, options] of Object.entries({ own: { certificate }, old: {} })) {
      const smtp = await startSmtp(t, { tls, login, ...options })
      const failure = await failureOf(t, smtp.url)
      t.match(
        failure,
        /^Error: the mail server could not be used .*(certificate|CERT|expired)/i,
        `${tls}, ${what}`,
      )
      t.equal(smtp.sent(), 0)
    }
  }
})

t.test('nor does a server without STARTTLS, unless it was agreed to', async (t) => {
  const smtp = await startSmtp(t)
  const inTheClear = smtp.url
  t.match(await failureOf(t, inTheClear.replace('?tls=none', '')), /^Error: the mail server .*/)
  t.equal(smtp.sent(), 0)
  t.equal(await failureOf(t, inTheClear), 'it was sent')
})
