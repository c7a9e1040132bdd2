import { readFileSync, writeFileSync } from 'node:fs'
import t from 'tap'
import { createWorld, startPod } from './support/app.js'

/** Renewed with `UPDATE_OPENAPI=1 npm run test:only -- test/openapi.test.ts`; read the diff before you commit it. */
const SNAPSHOT = new URL('./openapi.json', import.meta.url)
const HIDDEN = ['/openapi.json', '/docs', '/admin']
/** What they do is all in the address and the token. */
const WITHOUT_BODY = [
  '/v1/auth/logout',
  '/v1/auth/verify-email/resend',
  ...['confirm', 'ship', 'deliver', 'cancel'].map((verb) => `/v1/orders/{id}/${verb}`),
  '/v1/webhooks/{id}/rotate-secret',
  '/v1/webhooks/{id}/test',
  '/v1/webhooks/{id}/deliveries/{deliveryId}/redeliver',
]
/** Successes without a body: there is nothing to tell, or the connection is another protocol's from there on. */
const BODILESS = ['101', '204']
const METHODS = ['get', 'post', 'put', 'patch', 'delete'] as const

interface Operation {
  readonly summary?: string
  readonly tags?: readonly string[]
  readonly security?: readonly object[]
  readonly parameters?: readonly { in: string; name: string; required?: boolean }[]
  readonly requestBody?: { required?: boolean; content: object }
  readonly responses: Readonly<Record<string, { content?: Record<string, { schema?: object }> }>>
}

interface Document {
  readonly openapi: string
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components: { readonly securitySchemes: Readonly<Record<string, object>> }
}

const operationsOf = ({ paths }: Document) =>
  Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({
      path,
      method,
      name: `${method} ${path}`,
      operation,
    })),
  )

/** `├── /v1/products (GET, HEAD)` and, indented below it, `└── /:id (GET)`. */
const pathsInTree = (tree: string): string[] => {
  const parents: string[] = []
  return tree.split('\n').flatMap((line) => {
    const [, indent, part] = /^([│ ]*)[├└]── (\S+) \(/.exec(line) ?? []
    if (indent === undefined || part === undefined) return []
    const depth = indent.length / 4
    const path = (depth > 0 ? (parents[depth - 1] ?? '') : '') + part
    parents[depth] = path
    return [path.replaceAll(/:(\w+)/g, '{$1}')]
  })
}

t.test('the document', async (t) => {
  const { app, call } = await startPod(t, await createWorld(t))
  const { status, headers, body, text } = await call('GET', '/openapi.json')
  const document: Document = body
  const operations = operationsOf(document)
  t.equal(status, 200)
  t.equal(headers.get('content-type'), 'application/json; charset=utf-8')
  t.match(document.openapi, /^3\.1\./)
  t.match(document.components.securitySchemes, { bearer: { type: 'http', scheme: 'bearer' } })

  await t.test('has every route that is not hidden', async (t) => {
    const expected = pathsInTree(app.printRoutes({ commonPrefix: false })).filter(
      (path) => !HIDDEN.some((hidden) => path.startsWith(hidden)),
    )
    t.ok(expected.includes('/v1/products/{id}'), 'the tree is read right')
    t.strictSame(Object.keys(document.paths).sort(), [...new Set(expected)].sort())
    for (const path of expected) {
      const url = path.replaceAll(/\{(\w+)\}/g, ':$1')
      const refused = app.findRoute({ method: 'TRACE', url }) !== null
      t.ok(refused, `${path} answers 405 to what it does not do`)
    }
    for (const { path, method } of operations) {
      t.ok((METHODS as readonly string[]).includes(method), `${method} ${path}`)
    }
  })

  await t.test('says of each operation what it does, takes and answers', async (t) => {
    for (const { name, path, method, operation } of operations) {
      const { summary, tags, responses, parameters = [], requestBody } = operation
      t.match(summary, /^[A-Z].*[^.]$/, `${name}: summary`)
      t.equal(tags?.length, 1, `${name}: one tag`)
      const successes = Object.keys(responses).filter((code) => /^(2\d\d|101)$/.test(code))
      t.equal(successes.length, 1, `${name}: one success`)
      const { content } = responses[successes[0] ?? ''] ?? {}
      const success = (content?.['application/json'] ?? content?.['image/webp'])?.schema
      t.ok(BODILESS.includes(successes[0] ?? '') || success, `${name}: its shape`)
      t.match(
        responses['default']?.content,
        { 'application/problem+json': { schema: Object } },
        `${name}: problem`,
      )
      const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, parameter]) => parameter)
      const declared = parameters.filter((parameter) => parameter.in === 'path').map(({ name }) => name)
      t.strictSame(declared, inPath, `${name}: path parameters`)
      const takesBody = method === 'post' && !WITHOUT_BODY.includes(path)
      if (method === 'post') t.equal(requestBody?.required ?? false, takesBody, `${name}: its body`)
    }
  })

  await t.test('asks for a token exactly where the route does', async (t) => {
    for (const { name, path, method, operation } of operations) {
      const url = path.replaceAll(/\{\w+\}/g, '00000000-0000-7000-8000-000000000000')
      const anonymous = await call(method.toUpperCase(), url)
      t.strictSame(operation.security, anonymous.status === 401 ? [{ bearer: [] }] : undefined, name)
    }
  })

  await t.test('is the one in test/openapi.json', async (t) => {
    const current = `${JSON.stringify(JSON.parse(text), undefined, 2)}\n`
    if (process.env['UPDATE_OPENAPI'] === '1') writeFileSync(SNAPSHOT, current)
    const renew = 'if meant: UPDATE_OPENAPI=1 npm run test:only -- test/openapi.test.ts'
    t.equal(current, readFileSync(SNAPSHOT, 'utf8'), renew)
  })
})

t.test('the page and all it loads come from here', async (t) => {
  const { call } = await startPod(t, await createWorld(t))
  for (const path of ['/docs', '/docs/']) {
    const page = await call('GET', path)
    t.equal(page.status, 200, path)
    t.match(page.headers.get('content-type'), 'text/html')
    const policy = page.headers.get('content-security-policy') ?? ''
    t.match(policy, "default-src 'none'")
    const sources = policy.split(';').flatMap((directive) => directive.trim().split(' ').slice(1))
    t.strictSame([...new Set(sources)].sort(), ["'none'", "'self'", 'data:'], 'nothing from elsewhere')
    t.notMatch(
      page.text,
      /https?:|\/\/[a-z]|style=|<style|<script>|on\w+=/i,
      'nothing inline, nothing outside',
    )
    const assets = [...page.text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, asset]) => asset ?? '')
    t.ok(assets.length >= 5)
    for (const asset of assets) {
      const { status, headers } = await call('GET', new URL(asset, `http://x${path}`).pathname)
      t.equal(status, 200, asset)
      t.ok(headers.has('content-type'), asset)
    }
  }
  const initializer = await call('GET', '/docs/static/swagger-initializer.js')
  t.match(initializer.text, 'validatorUrl: null', 'no validator elsewhere is asked')
  const { paths } = (await call('GET', '/docs/json')).body
  t.strictSame(Object.keys(paths), Object.keys((await call('GET', '/openapi.json')).body.paths))
})
