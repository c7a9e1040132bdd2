import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { freePort } from '../../../dev/stack/ports.js'
import { createCall, createWorld } from '../../support/app.js'
import { createCertificate } from '../../support/certificate.js'
import { createProduct, registerAdmin } from '../../support/factories.js'
import { untilOutboxClosed } from '../../support/outbox.js'
import { startProcess, startServer } from '../../support/process.js'
import { startRedisNode, tooOldForForms } from '../../support/redis-nodes.js'
import { until } from '../../support/until.js'

const PASSWORD = 's3cret'
/** What docs/operations.md says that the service needs. */
const RIGHTS = '~* &* +@all -@dangerous +info'
const skip = await tooOldForForms()

t.test('TLS and a user of little rights are enough for the API and the worker', { skip }, async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'unnest-tls-'))
  t.teardown(() => rmSync(dir, { recursive: true, force: true }))
  const { key, cert } = createCertificate()
  const [keyFile, certFile] = [join(dir, 'key.pem'), join(dir, 'cert.pem')]
  writeFileSync(keyFile, key)
  writeFileSync(certFile, cert)
  const port = await freePort()
  const redis = await startRedisNode(t, {
    port,
    config: [
      'port 0',
      `tls-port ${port}`,
      `tls-key-file ${keyFile}`,
      `tls-cert-file ${certFile}`,
      `tls-ca-cert-file ${certFile}`,
      'tls-auth-clients no',
      'save ""',
      'maxmemory-policy noeviction',
      'user default off',
      'user root on >root ~* &* +@all',
      `user unnest on >${PASSWORD} ${RIGHTS}`,
    ],
    client: { username: 'root', password: 'root', tls: { ca: cert } },
  })
  const world = await createWorld(t, { REDIS_URL: `rediss://unnest:${PASSWORD}@127.0.0.1:${port}` })
  const env = { ...world.env, NODE_EXTRA_CA_CERTS: certFile }
  const [server, worker] = await Promise.all([startServer(t, env), startProcess(t, 'worker.js', env)])
  const call = createCall(server.url)
  const { id } = await createProduct(call, await registerAdmin(call, world))
  await until('the cache to serve', async () => {
    const { headers } = await call('GET', `/v1/products/${id}`)
    return headers.get('x-cache') === 'HIT'
  })
  await worker.untilLogged('worker ready')
  const rows = await untilOutboxClosed(world)
  t.ok(rows.every(({ failure }) => failure === null))
  t.strictSame(await redis.client.call('ACL', 'LOG'), [], 'nothing was refused')
})
