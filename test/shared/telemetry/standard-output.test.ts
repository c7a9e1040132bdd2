import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import t, { type Test } from 'tap'

/** Says "ready" on its error stream, waits for a line of its input, and then does what it was given. */
const program = (work: string) => `
import { createLogger } from './src/shared/telemetry/logger.ts'
const logger = createLogger({ level: 'info', process: 'api' })
process.stderr.write('ready')
process.stdin.once('data', () => { ${work} })
`

const FULL = 'x'.repeat(1_000)

const start = async (t: Test, work: string): Promise<ChildProcess> => {
  const args = ['--import', 'tsx', '--input-type=module', '-e', program(work)]
  const child = spawn(process.execPath, args, { stdio: 'pipe' })
  t.teardown(() => child.kill('SIGKILL'))
  const [first] = await once(child.stderr, 'data', { signal: AbortSignal.timeout(20_000) })
  t.equal(String(first), 'ready')
  return child
}

/** Its exit code, within the limit; that of a process that hangs never comes. */
const exitCode = async (child: ChildProcess): Promise<number> => {
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
  const output = (async () => String(Buffer.concat((await child.stdout?.toArray()) ?? [])))()
  child.stdin?.write('go\n')
  t.equal(await exitCode(child), 3)
  t.strictSame(
    linesOf(await output).map(({ msg }) => msg),
    ['one', 'two', 'three'],
  )
})

t.test('a process whose reader is gone can end, and says why with its exit code', async (t) => {
  const child = await start(t, "logger.info('one'); logger.fatal('two'); process.exit(3)")
  child.stdout?.destroy()
  child.stdin?.write('go\n')
  t.equal(await exitCode(child), 3)
})

t.test('a process whose reader stands still can end', async (t) => {
  const work = `for (let i = 0; i < 2_000; i += 1) logger.info('${FULL}'); setTimeout(() => process.exit(3), 200)`
  const child = await start(t, work)
  child.stdin?.write('go\n')
  t.equal(await exitCode(child), 3)
})

t.test(
  'lines beyond the limit are lost, are counted, and the count is told to a reader that reads again',
  async (t) => {
    const work = `for (let i = 0; i < 30_000; i += 1) logger.info('${FULL}')`
    const child = await start(t, work)
    let text = ''
    child.stdin?.write('go\n')
    for await (const chunk of child.stdout ?? []) {
      text += chunk
      if (text.includes('log lines were lost')) break
    }
    const lines = linesOf(text.slice(0, text.lastIndexOf('\n')))
    const told = lines.find(({ msg }) => msg === 'log lines were lost')
    t.match(told, { level: 50, process: 'api', pid: child.pid, lost: Number })
    const written = lines.filter(({ msg }) => msg === FULL).length
    t.equal(written + Number(told?.['lost']), 30_000)
  },
)
