import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { createServer as createRawServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createSecureContext } from 'node:tls'
import { promisify } from 'node:util'
import t from 'tap'
import type { Test } from '../../support/environment.js'
import { failureOf, openOutbound, post } from '../../support/outbound.js'
import { startPartner } from '../../support/partner.js'
import { PARTNER_NAME, partnerCertificate, partnerKey } from '../../support/tls.js'

const identity = { cert: partnerCertificate, key: partnerKey }

/** A server with a certificate for partner.example, and the names and hosts that it was asked for. */
const startTlsPartner = async (t: Test) => {
  const names: string[] = []
  const hosts: (string | undefined)[] = []
  const server = createTlsServer(
    {
      ...identity,
      SNICallback: (name, callback) => {
        names.push(name)
        callback(null, createSecureContext(identity))
      },
    },
    (request, response) => {
      hosts.push(request.headers.host)
      response.end()
    },
  )
  server.on('tlsClientError', () => {})
  return { ...(await startPartner(t, server)), names, hosts }
}

t.test('connections are kept, and shared by what goes to one host', async (t) => {
  const partner = await startPartner(
    t,
    createServer((_request, response) => response.end('ok')),
  )
  const outbound = openOutbound(t, { maxSocketsPerHost: 3 })
  const url = `http://partner.example:${partner.port}/`
  for (let n = 0; n < 5; n += 1) t.equal((await post(outbound, { url })).status, 200)
  t.equal(partner.connections(), 1)
  const burst = await Promise.all(Array.from({ length: 30 }, () => post(outbound, { url })))
  t.ok(burst.every(({ status }) => status === 200))
  t.equal(partner.connections(), 3)
})

t.test('a kept connection that the server closes meanwhile is replaced, once', async (t) => {
  let isGone = false
  const partner = await startPartner(
    t,
    createRawServer((socket) => {
      let requests = 0
      socket.on('data', () => {
        requests += 1
        if (requests > 1 || isGone) return socket.destroy()
        socket.write('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n')
      })
    }),
  )
  const outbound = openOutbound(t)
  const url = `http://partner.example:${partner.port}/`
  t.equal((await post(outbound, { url })).status, 200)
  t.equal((await post(outbound, { url })).status, 200)
  t.equal(partner.connections(), 2)
  t.equal((await post(outbound, { url })).status, 200)
  isGone = true
  t.match(await failureOf(outbound, { url }), { code: 'connection_failed' })
  t.equal(partner.connections(), 4, 'one more try, and no third')
})

t.test('an address that refuses is followed by the next one', async (t) => {
  const partner = await startPartner(
    t,
    createServer((_request, response) => response.end()),
  )
  const outbound = openOutbound(t, { resolve: async () => ['::1', '127.0.0.1'] })
  t.equal((await post(outbound, { url: `http://partner.example:${partner.port}/` })).status, 200)
})

t.test(
  'a certificate that nobody vouches for is refused, though private addresses are allowed',
  async (t) => {
    const partner = await startTlsPartner(t)
    const outbound = openOutbound(t)
    const error = await failureOf(outbound, { url: `https://${PARTNER_NAME}:${partner.port}/` })
    t.match(error, {
      code: 'tls_failure',
      message: 'The TLS handshake failed (DEPTH_ZERO_SELF_SIGNED_CERT).',
    })
    t.strictSame(partner.names, [PARTNER_NAME], 'the name that was meant is the one that was asked for')
    const plain = await startPartner(t, createServer())
    const mismatch = await failureOf(outbound, { url: `https://${PARTNER_NAME}:${plain.port}/` })
    t.equal(mismatch.code, 'tls_failure', 'HTTP where TLS is expected')
    t.strictSame(partner.hosts, [], 'nothing was sent')
  },
)

/** Posts twice to one URL, once to another name of that server, and tells what came of it. */
const SCRIPT = `
const { createOutbound } = await import('./src/shared/outbound/outbound.ts')
const outbound = createOutbound({ allowPrivate: true, resolve: async () => ['127.0.0.1'] })
const request = { headers: {}, body: '{}', timeoutMs: 10_000, maxResponseBytes: 1_024 }
for (const url of process.argv.slice(1)) {
  const outcome = await outbound.post({ ...request, url }).catch((error) => ({ status: error.message }))
  process.stdout.write(outcome.status + '\\n')
}
outbound.close()`

t.test('a certificate is held against the name, not against the address', async (t) => {
  const partner = await startTlsPartner(t)
  const folder = await mkdtemp(join(tmpdir(), 'unnest-tls-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  await writeFile(join(folder, 'ca.pem'), partnerCertificate)
  const urls = [PARTNER_NAME, PARTNER_NAME, 'other.example'].map((name) => `https://${name}:${partner.port}/`)
  // Node reads the authorities that it trusts when it starts.
  const env = {
    NODE_EXTRA_CA_CERTS: join(folder, 'ca.pem'),
    NODE_TLS_REJECT_UNAUTHORIZED: '0',
    NODE_NO_WARNINGS: '1',
  }
  const args = ['--import', 'tsx', '--input-type=module', '-e', SCRIPT, ...urls]
  const { stdout } = await promisify(execFile)(process.execPath, args, { env, timeout: 30_000 })
  t.strictSame(stdout.trim().split('\n'), [
    '200',
    '200',
    'The TLS handshake failed (ERR_TLS_CERT_ALTNAME_INVALID).',
  ])
  t.strictSame(partner.hosts, [`${PARTNER_NAME}:${partner.port}`, `${PARTNER_NAME}:${partner.port}`])
  t.equal(partner.connections(), 2, 'the second request used the connection of the first')
})
