import { execFile } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import t, { type Test } from 'tap'
import { execForm, lastOf, parseDockerfile } from '../dev/image/dockerfile.js'
import { parseDockerignore } from '../dev/image/dockerignore.js'
import { faultOf } from '../dev/image/start-check.js'

const root = path.resolve(import.meta.dirname, '..')
const read = (file: string) => readFileSync(path.join(root, file), 'utf8')
const source = read('Dockerfile')
const stages = parseDockerfile(source)
const final = stages.at(-1)
const ignores = parseDockerignore(read('.dockerignore'))

/** What the Dockerfile takes from the checkout, and not from another stage. */
const copiedFromContext = stages
  .flatMap(({ instructions }) => instructions)
  .filter(({ keyword, flags }) => keyword === 'COPY' && !('from' in flags))
  .flatMap(({ text }) => text.split(/\s+/).slice(0, -1))

const isCopied = (file: string) =>
  copiedFromContext.some((copied) => file === copied || file.startsWith(`${copied}/`))

/** The files of the checkout that a script needs to run, itself included. */
const importsOf = (file: string): readonly string[] => {
  const relative = [...read(file).matchAll(/from '(\.[^']+)\.js'/g)].map(([, target]) => `${target}.ts`)
  return [file, ...relative.flatMap((target) => importsOf(path.join(path.dirname(file), target)))]
}

t.test('the base image is exact and of the major that .nvmrc names', async (t) => {
  const images = stages.map(({ base }) => base).filter((base) => !stages.some(({ name }) => name === base))
  t.strictSame(images.length, 1)
  const [, major] = /^node:(\d+)\.\d+\.\d+-bookworm-slim$/.exec(images[0] ?? '') ?? []
  t.equal(major, read('.nvmrc').trim())
})

t.test('what is copied exists and reaches the builder', async (t) => {
  for (const file of copiedFromContext) {
    t.ok(existsSync(path.join(root, file)), `${file} exists`)
    t.notOk(ignores(file), `${file} is not ignored`)
  }
  for (const file of importsOf('dev/build.ts')) t.ok(isCopied(file), `${file} is copied`)
})

t.test('nothing else reaches the builder', async (t) => {
  const outside = ['.git/config', 'node_modules/tap/package.json', '.data/keys.json', 'test/app.ts']
  for (const file of [
    ...outside,
    'src/.env',
    'src/auth/.env.local',
    'src/auth/signing.pem',
    'dist/server.js',
  ]) {
    t.ok(ignores(file), file)
  }
  t.notOk(ignores('src/orders/orders.service.ts'))
})

t.test('the commands are what the build writes', async (t) => {
  const [, entries = ''] = /entryPoints: \[([^\]]+)\]/.exec(read('dev/build.ts')) ?? []
  const outputs = [...entries.matchAll(/(\w+)\.ts'/g)].map(([, name]) => `dist/${name}.js`)
  t.strictSame([...new Set(source.match(/dist\/\w+\.js/g))].sort(), outputs.sort())
  t.strictSame(execForm(lastOf(final, 'CMD')?.text ?? ''), ['dist/server.js'])
})

t.test('it starts without a shell, as a user with a number', async (t) => {
  t.strictSame(execForm(lastOf(final, 'ENTRYPOINT')?.text ?? ''), ['node', '--enable-source-maps'])
  t.match(lastOf(final, 'USER')?.text, /^[1-9]\d*:[1-9]\d*$/)
  t.equal(lastOf(final, 'STOPSIGNAL')?.text, 'SIGTERM')
  t.equal(lastOf(final, 'RUN'), undefined, 'the last stage runs nothing')
  t.match(lastOf(final, 'ENV')?.text, 'NODE_ENV=production')
})

/** Runs the image's own health check, for a process 1 with this command line. */
const healthOf = async (t: Test, commandLine: string, port: number) => {
  const [, form = ''] = /^CMD (.*)$/.exec(lastOf(final, 'HEALTHCHECK')?.text ?? '') ?? []
  const [command = '', ...words] = execForm(form) ?? []
  const file = path.join(t.testdir({ cmdline: commandLine }), 'cmdline')
  const args = words.map((word) => word.replace('/proc/1/cmdline', file))
  return new Promise<unknown>((resolve) => {
    execFile(command, args, { env: { ...process.env, PORT: `${port}` } }, (error) =>
      resolve(error?.code ?? 0),
    )
  })
}

t.test('the health check asks the API and leaves the other commands alone', async (t) => {
  let status = 200
  const server = createServer((request, reply) =>
    reply.writeHead(request.url === '/livez' ? status : 404).end(),
  )
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const api = 'node\0--enable-source-maps\0dist/server.js\0'
  t.equal(await healthOf(t, api, port), 0, 'an API that answers')
  status = 503
  t.equal(await healthOf(t, api, port), 1, 'an API that answers with an error')
  await new Promise((resolve) => server.close(resolve))
  t.equal(await healthOf(t, api, port), 1, 'an API that does not answer')
  t.equal(await healthOf(t, api.replace('server', 'worker'), port), 0, 'a worker')
})

t.test('a start without configuration must end in one message', async (t) => {
  t.equal(
    faultOf({ code: 1, output: 'The environment is not valid:\n  DATABASE_URL: is required' }),
    undefined,
  )
  t.match(faultOf({ code: 0, output: 'DATABASE_URL' }), 'exit code 0')
  t.match(faultOf({ code: 1, output: "Error: Cannot find package 'tsx'\n    at resolve (x.js:1)" }), 'stack')
  t.match(faultOf({ code: 1, output: 'no' }), '0 times')
})
