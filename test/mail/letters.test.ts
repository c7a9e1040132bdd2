import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { type Addressee, createMailService } from '../../src/mail/mail.service.js'
import type { MailTransport } from '../../src/mail/mail.transport.js'
import { readHtml } from '../support/html.js'

const FROM = 'Unnest <no-reply@unnest.example>'
const ORDER = '00000000-0000-7000-8000-000000000000'
const EUR = { amount: 1_999, currency: 'EUR' }

/** Keeps the mails instead of sending them. */
const createService = (from = FROM, appUrl?: string) => {
  const mails: Parameters<MailTransport['send']>[1][] = []
  const send: MailTransport['send'] = async (_key, mail) => void mails.push(mail)
  const transport = { send, close: async () => {} }
  const newest = () => {
    const { subject = '', text = '', html = '', ...rest } = mails.at(-1) ?? {}
    return { subject, text: String(text), html: String(html), ...rest }
  }
  return { service: createMailService({ transport, from, appUrl }), newest }
}

const to = (name: string, key = 'key'): Addressee => ({
  key,
  name,
  to: 'ada@example.com',
  signal: AbortSignal.timeout(60_000),
})

const PIECES = [
  ...'< > & " \' &amp; </p> <script> <!-- ]]> a .'.split(' '),
  '\r\n',
  '\n',
  '\u2028',
  '\u202e',
  '\0',
  ' ',
]

/** Any text at all, and more often than chance would have it what means something to HTML, mail or a terminal. */
const anyText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.array(fc.constantFrom(...PIECES), { maxLength: 30 }).map((pieces) => pieces.join('')),
)

/** What of a text may be read: said by code points, not by the code's own pattern. */
const readable = (text: string): string => {
  const isBreak = (code: number) =>
    code < 0x20 || (code >= 0x7f && code < 0xa0) || code === 0x2028 || code === 0x2029
  const isTurn = (code: number) => (code >= 0x202a && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069)
  let out = ''
  let inBreak = false
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0
    if (isTurn(code)) continue
    if (!isBreak(code)) out += character
    else if (!inBreak) out += ' '
    inBreak = isBreak(code)
  }
  return out
}

/** The greeting leaves such a name out. */
const hasLink = (name: string): boolean =>
  /:\/\/|[\p{L}\p{N}][.\u3002\uff0e\uff61]\p{L}{2,}/u.test(readable(name).replace(/\p{Cf}/gu, ''))

t.test('whatever a name or an article is called, both parts say it, and nothing else', async () => {
  const { service, newest } = createService()
  const property = fc.asyncProperty(
    anyText,
    fc.array(anyText, { minLength: 1, maxLength: 3 }),
    async (name, items) => {
      const ordered = items.map((item) => ({ name: item, quantity: 3, unitPrice: EUR }))
      await service.sendOrderConfirmation(to(name), { id: ORDER, items: ordered, total: EUR })
      const { subject, text, html } = newest()
      const greeting = hasLink(name) ? 'Hello,' : readable(`Hello ${name},`)
      const thanks = `thank you for your order ${ORDER}:`
      const lines = items.map((item) => readable(`3 x ${item}, €19.99 each`))
      const read = readHtml(html)
      assert.deepEqual(read.texts, [greeting, thanks, ...lines, 'Total: €19.99'])
      assert.equal(read.title, `Your order ${ORDER}`)
      const list = ['<ul>', ...lines.flatMap(() => ['<li>', '</li>']), '</ul>']
      const paragraph = ['<p>', '</p>']
      const body = ['<body>', ...paragraph, ...paragraph, ...list, ...paragraph, '</body>', '</html>']
      assert.deepEqual(read.tags.slice(-body.length), body, 'no element more')
      assert.equal(read.tags.length, 7 + body.length)
      assert.equal(text, `${[greeting, thanks, lines.join('\n'), 'Total: €19.99'].join('\n\n')}\n`)
      assert.doesNotMatch(subject, /[\r\n]/)
    },
  )
  await fc.assert(property, { numRuns: 100 })
})

t.test('each other mail greets in the same way', async () => {
  const { service, newest } = createService(FROM, 'https://shop.example')
  const mails: ((addressee: Addressee) => Promise<void>)[] = [
    (addressee) => service.sendWelcome(addressee, 'token'),
    (addressee) => service.sendEmailVerification(addressee, 'token'),
    (addressee) => service.sendPasswordReset(addressee, 'token'),
    service.sendPasswordChanged,
    (addressee) => service.sendOrderUpdate(addressee, ORDER, 'shipped'),
  ]
  const property = fc.asyncProperty(fc.constantFrom(...mails), anyText, async (send, name) => {
    await send(to(name))
    const { text, html } = newest()
    const greeting = hasLink(name) ? 'Hello,' : readable(`Hello ${name},`)
    const { texts } = readHtml(html)
    assert.equal(texts[0], greeting)
    assert.equal(text, `${texts.join('\n\n')}\n`, 'both parts say the same')
  })
  await fc.assert(property, { numRuns: 100 })
})

t.test('a name with a link in it is not passed on to whoever has the address', async (t) => {
  const { service, newest } = createService()
  const greetingOf = async (name: string) => {
    await service.sendWelcome(to(name), 'token')
    return newest().text.split('\n')[0]
  }
  const links =
    'evil.example https://evil WWW.EVIL.EXAMPLE evil。example x@evil.example evil\u202e.ex evil.\u200bex'
  for (const link of links.split(' ')) t.equal(await greetingOf(`Win at ${link}`), 'Hello,', link)
  for (const name of ['J. R. R. Tolkien', 'Ada Lovelace, Ph.D', "Miles O'Brien", 'Ådne Þór']) {
    t.equal(await greetingOf(name), `Hello ${name},`, name)
  }
})

t.test('the Message-ID is the key at the sender’s domain, and an atom whatever the key is', async (t) => {
  const { service, newest } = createService('Shop <news@Mail.Shop.example>')
  const idOf = async (key: string) => {
    await service.sendPasswordChanged(to('Ada', key))
    return newest().messageId
  }
  t.equal(await idOf('send-welcome-1_a'), '<send-welcome-1_a@mail.shop.example>')
  const seen = new Map<string, string>()
  const property = fc.asyncProperty(fc.string({ unit: 'binary', maxLength: 200 }), async (key) => {
    const id = await idOf(key)
    assert.match(id ?? '', /^<[\w-]{1,120}@mail\.shop\.example>$/)
    assert.equal(await idOf(key), id, 'the same in every try')
    assert.equal(seen.get(id ?? '') ?? key, key, 'and of no other key')
    seen.set(id ?? '', key)
  })
  await fc.assert(property, { numRuns: 100 })
  t.notMatch(await idOf('>\r\nBcc: eve@example.com'), /Bcc|\r|\n/)
})
