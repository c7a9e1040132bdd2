import { createServer } from 'node:http'
import t from 'tap'
import { OutboundError } from '../../src/shared/outbound/outbound.errors.js'
import { createOutbound, type Outbound, type OutboundOptions } from '../../src/shared/outbound/outbound.js'
import { checkTarget } from '../../src/shared/outbound/targets.js'
import { startCanary } from '../support/canary.js'
import type { Test } from '../support/environment.js'
import { figure } from '../support/figures.js'
import { startPartner } from '../support/partner.js'
import { privateUrls, reachingUrls, unfitUrls } from '../support/ssrf-urls.js'

const request = { headers: {}, body: '{}', timeoutMs: 2_000, maxResponseBytes: 1_024 }

const open = (t: Test, options: OutboundOptions): Outbound => {
  const outbound = createOutbound(options)
  t.teardown(outbound.close)
  return outbound
}

/** The code of the refusal, or the status of the answer. */
const outcomeOf = (outbound: Outbound, url: string, signal?: AbortSignal): Promise<string | number> =>
  outbound.post({ ...request, url, signal }).then(
    ({ status }) => status,
    (error: unknown) => {
      if (error instanceof OutboundError) return error.code
      throw error
    },
  )

const neverAsked = async (hostname: string): Promise<never> => {
  throw new Error(`${hostname} was looked up`)
}

t.test('no spelling of an address that is not public is connected to', async (t) => {
  const canary = await startCanary(t)
  const outbound = open(t, { allowPrivate: false, resolve: neverAsked })
  const families = { ...privateUrls(canary.port), 'spellings of loopback': reachingUrls(canary.port) }
  for (const [family, urls] of Object.entries(families)) {
    for (const url of urls) {
      // A zone is not even a URL.
      const expected = URL.canParse(url) ? 'refused_address' : 'refused_url'
      t.equal(checkTarget(url, { allowPrivate: false })?.code, expected, `${family}, registered: ${url}`)
      t.equal(await outcomeOf(outbound, url), expected, `${family}, called: ${url}`)
    }
  }
  t.equal(canary.hits(), 0, 'the canary was not hit')
  const tried = Object.values(families).flat().length
  figure(
    t,
    `SSRF by address: ${tried} URLs of ${Object.keys(families).length} families, ${canary.hits()} hits (asked: 0)`,
  )
})

t.test('what is no web address is refused, private or not', async (t) => {
  const canary = await startCanary(t)
  for (const allowPrivate of [false, true]) {
    const outbound = open(t, { allowPrivate, resolve: neverAsked })
    for (const [family, urls] of Object.entries(unfitUrls(canary.port))) {
      for (const url of urls) {
        t.equal(checkTarget(url, { allowPrivate })?.code, 'refused_url', `${family}, registered: ${url}`)
        t.equal(await outcomeOf(outbound, url), 'refused_url', `${family}, called: ${url}`)
      }
    }
  }
  t.equal(canary.hits(), 0)
})

t.test('a name is judged by every address that it has', async (t) => {
  const canary = await startCanary(t)
  const answers: Readonly<Record<string, readonly string[]>> = {
    'loopback.example': ['127.0.0.1'],
    'loopback6.example': ['::1'],
    'mapped.example': ['::ffff:127.0.0.1'],
    'zone.example': ['::1%lo', 'fe80::1%lo'],
    'metadata.example': ['169.254.169.254'],
    'any.example': ['0.0.0.0'],
    'nat64.example': ['64:ff9b::7f00:1'],
    'one-of-two.example': ['93.184.215.14', '127.0.0.1'],
    'last-of-many.example': [...Array<string>(20).fill('93.184.215.14'), '::1'],
    'no-address.example': ['localhost'],
    'octal.example': ['0177.0.0.1'],
  }
  const outbound = open(t, { allowPrivate: false, resolve: async (hostname) => answers[hostname] ?? [] })
  for (const hostname of Object.keys(answers)) {
    const url = `http://${hostname}:${canary.port}/`
    t.equal(checkTarget(url, { allowPrivate: false }), undefined, `${hostname} looks like any other`)
    t.equal(await outcomeOf(outbound, url), 'refused_address', hostname)
  }
  t.equal(await outcomeOf(outbound, `http://nothing.example:${canary.port}/`), 'dns_failure')
  t.equal(canary.hits(), 0)
  figure(t, `SSRF by name: ${Object.keys(answers).length} names, ${canary.hits()} hits (asked: 0)`)
})

t.test('a name that changes its address after the check is judged again', async (t) => {
  const canary = await startCanary(t)
  const url = `http://rebinding.example:${canary.port}/`
  const lookups: string[] = []
  const givenUp = new AbortController()
  const outbound = open(t, {
    allowPrivate: false,
    resolve: async () => {
      const isFirst = lookups.length === 0
      lookups.push(isFirst ? '93.184.215.14' : '127.0.0.1')
      // The first answer passes, and the test leaves before anything is sent to the internet.
      if (isFirst) givenUp.abort()
      return lookups.slice(-1)
    },
  })
  t.equal(checkTarget(url, { allowPrivate: false }), undefined)
  t.equal(await outcomeOf(outbound, url, givenUp.signal), 'aborted')
  t.equal(await outcomeOf(outbound, url), 'refused_address')
  t.equal(await outcomeOf(outbound, url), 'refused_address')
  t.strictSame(lookups, ['93.184.215.14', '127.0.0.1', '127.0.0.1'], 'one look-up for each connection')
  t.equal(canary.hits(), 0)
  figure(t, `SSRF by rebinding: ${canary.hits()} hits (asked: 0)`)
})

t.test('the connection goes to the address that was judged, and nobody is asked again', async (t) => {
  const canary = await startCanary(t)
  const partner = await startPartner(
    t,
    createServer((_request, response) => response.end()),
  )
  let lookups = 0
  const resolve = async () => {
    lookups += 1
    return lookups === 1 ? ['127.0.0.1'] : ['::1']
  }
  const outbound = open(t, { allowPrivate: true, resolve })
  t.equal(await outcomeOf(outbound, `http://rebinding.example:${partner.port}/`), 200)
  t.equal(await outcomeOf(outbound, `http://rebinding.example:${partner.port}/`), 200, 'a kept connection')
  t.equal(lookups, 1)
  t.equal(partner.connections(), 1)
  t.equal(canary.hits(), 0)
})

t.test('redirects are answers, and lead nowhere', async (t) => {
  const canary = await startCanary(t)
  let status = 301
  const partner = await startPartner(
    t,
    createServer((_request, response) => {
      const location = `http://127.0.0.1:${canary.port}/`
      response.writeHead(status, { location, refresh: `0; url=${location}` }).end()
    }),
  )
  const outbound = open(t, { allowPrivate: true })
  for (status of [300, 301, 302, 303, 305, 307, 308]) {
    t.equal(await outcomeOf(outbound, `http://127.0.0.1:${partner.port}/`), status)
  }
  t.equal(canary.hits(), 0)
  figure(t, `SSRF by redirect: 7 statuses, ${canary.hits()} hits (asked: 0)`)
})

t.test('with private addresses allowed each of those spellings hits the canary', async (t) => {
  const canary = await startCanary(t)
  const urls = reachingUrls(canary.port)
  for (const url of urls) {
    // A connection of its own for each.
    const outbound = createOutbound({ allowPrivate: true })
    const before = canary.hits()
    t.equal(checkTarget(url, { allowPrivate: true }), undefined)
    t.equal(await outcomeOf(outbound, url), 200, url)
    t.equal(canary.hits(), before + 1)
    outbound.close()
  }
  figure(t, `SSRF control with WEBHOOK_ALLOW_PRIVATE: ${canary.hits()} hits by ${urls.length} spellings`)
})
