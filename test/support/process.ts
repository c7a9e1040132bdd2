import { createInterface } from 'node:readline'
import { startProgram } from '../../dev/stack/spawn.js'
import type { Test } from './environment.js'
import { until } from './until.js'

const GRACE_MS = 5_000

/** A built process of production's kind, run as an operator would. */
export interface RunningProcess {
  readonly pid: number
  /** The structured log lines written so far. */
  readonly log: Record<string, unknown>[]
  readonly stderr: () => string
  readonly kill: (signal: NodeJS.Signals) => void
  /** The exit code once it has ended; null when a signal ended it. */
  readonly exit: Promise<number | null>
  readonly untilLogged: (message: string) => Promise<Record<string, unknown>>
}

export type Script = 'server.js' | 'worker.js'

/** Runs dist/`script` with that environment and no more; kills it at the end if the test has not. */
export const startProcess = (
  t: Test,
  script: Script,
  env: Readonly<Record<string, string>>,
  nodeArgs: readonly string[] = [],
): Promise<RunningProcess> => startFile(t, `dist/${script}`, env, nodeArgs)

/** The same for a built file of whatever project that logs JSON lines; the path is from the root. */
export const startFile = async (
  t: Test,
  script: string,
  env: Readonly<Record<string, string>>,
  nodeArgs: readonly string[] = [],
): Promise<RunningProcess> => {
  const { child, pid, ended } = await startProgram({
    name: script,
    role: 'app',
    command: process.execPath,
    args: ['--enable-source-maps', ...nodeArgs, script],
    env: { ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    graceMs: GRACE_MS,
    ledger: process.env['TEST_LEDGER'],
  })
  const log: Record<string, unknown>[] = []
  let stderr = ''
  if (child.stdout) createInterface({ input: child.stdout }).on('line', (line) => log.push(JSON.parse(line)))
  child.stderr?.on('data', (chunk) => {
    stderr += String(chunk)
  })
  let over = false
  const exit = ended.then(({ code }) => {
    over = true
    return code
  })
  t.teardown(async () => {
    child.kill('SIGKILL')
    await exit
  })
  const untilLogged = (message: string) =>
    until(`${script} to log "${message}"`, () => {
      const line = log.find(({ msg }) => msg === message)
      if (!line && over) throw new Error(`${script} ended: ${stderr}${JSON.stringify(log)}`)
      return line
    })
  return { pid, log, stderr: () => stderr, kill: (signal) => void child.kill(signal), exit, untilLogged }
}

/** Starts dist/server.js and waits until it listens. */
export const startServer = async (t: Test, env: Readonly<Record<string, string>>, nodeArgs?: string[]) => {
  const server = await startProcess(t, 'server.js', env, nodeArgs)
  const { url } = await server.untilLogged('api ready')
  return { ...server, url: String(url) }
}
