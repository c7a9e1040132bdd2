import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { buildSync } from 'esbuild'
import t, { type Test } from 'tap'

/** Says "ready" on its error stream, waits for a line of its input, and then does what it was given. */
const program = (work: string) => `
import { createLogger } from './src/shared/telemetry/logger.ts'
const logger = createLogger({ level: 'info', process: 'api' })
process.stderr.write('ready')
process.stdin.once('data', () => { ${work} })
`

/** Built before it runs: a loader would take most of a second of each. */
const built = (contents: string): string => {
  const stdin = { contents, resolveDir: process.cwd() }
  const { outputFiles } = buildSync({
    stdin,
    bundle: true,
    format: 'esm',
    packages: 'external',
    platform: 'node',
    write: false,
  })
  return outputFiles.map(({ text }) => text).join('')
}

const FULL = 'x'.repeat(10_000)
/** Half as much again as waits at most; of long lines few are enough. */
const TOO_MANY = 2_500

const start = async (t: Test, work: string): Promise<ChildProcessWithoutNullStreams> => {
  const args = ['--input-type=module', '-e', built(program(work))]
  const child = spawn(process.execPath, args, { stdio: 'pipe' })
  t.teardown(() => child.kill('SIGKILL'))
  const [first] = await once(child.stderr, 'data', { signal: AbortSignal.timeout(20_000) })
  t.equal(String(first), 'ready')
  return child
}

/** Its exit code, within the limit; that of a process that hangs never comes. */
const exitCode = async (child: ChildProcessWithoutNullStreams): Promise<number> => {
  const [code] = await once(child, 'exit', { signal: AbortSignal.timeout(10_000) })
  return code
}

const linesOf = (text: string): Record<string, unknown>[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line))

t.test('what was logged last is written, although the process exits at once', async (t) => {
  const child = await start(
    t,
    "logger.info('one'); logger.fatal('two'); logger.info('three'); process.exit(3)",
  )
  const output = (async () => String(Buffer.concat(await child.stdout.toArray())))()
  child.stdin.write('go\n')
  t.equal(await exitCode(child), 3)
  t.strictSame(
    linesOf(await output).map(({ msg }) => msg),
    ['one', 'two', 'three'],
  )
})

t.test('a process whose reader is gone can end, and says why with its exit code', async (t) => {
  const child = await start(t, "logger.info('one'); logger.fatal('two'); process.exit(3)")
  child.stdout.destroy()
  child.stdin.write('go\n')
  t.equal(await exitCode(child), 3)
})

t.test('a process whose reader stands still can end', async (t) => {
  const work = `for (let i = 0; i < 200; i += 1) logger.info('${FULL}'); setTimeout(() => process.exit(3), 200)`
  const child = await start(t, work)
  child.stdin.write('go\n')
  t.equal(await exitCode(child), 3)
})

t.test(
  'lines beyond the limit are lost, are counted, and the count is told to a reader that reads again',
  async (t) => {
    const work = `for (let i = 0; i < ${TOO_MANY}; i += 1) logger.info('${FULL}')`
    const child = await start(t, work)
    child.stdin.write('go\n')
    const lines: Record<string, unknown>[] = []
    for await (const line of createInterface({ input: child.stdout })) {
      lines.push(...linesOf(line))
      if (line.includes('log lines were lost')) break
    }
    const told = lines.find(({ msg }) => msg === 'log lines were lost')
    t.match(told, { level: 50, process: 'api', pid: child.pid, lost: Number })
    const written = lines.filter(({ msg }) => msg === FULL).length
    t.equal(written + Number(told?.['lost']), TOO_MANY)
  },
)
