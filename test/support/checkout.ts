import { type ChildProcess, spawn } from 'node:child_process'
import { chmodSync, cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import type { Test as TapTest } from 'tap'
import { freePort } from '../../dev/stack/ports.js'
import type { Test } from './environment.js'
import { until } from './until.js'

const ROOT = join(import.meta.dirname, '../..')
/** What is not a newcomer's yet, and what `npm start` does not read. */
const NOT_COPIED = new Set([
  ...['.git', '.data', '.tap', 'dist', 'node_modules'],
  ...['comparison', 'deploy', 'docs', 'test'],
])
const START_LIMIT_MS = 45_000
const STOP_LIMIT_MS = 30_000

/** A copy of this checkout as a newcomer has it after `npm ci`; `npm start` in it disturbs nobody. */
export const createCheckout = (t: Test): string => {
  const dir = mkdtempSync(join(tmpdir(), 'unnest-checkout-'))
  // As root, the database's own user must get through to its files.
  chmodSync(dir, 0o711)
  t.teardown(() => rmSync(dir, { recursive: true, force: true }))
  cpSync(ROOT, dir, { recursive: true, filter: (source) => !NOT_COPIED.has(basename(source)) })
  symlinkSync(join(ROOT, 'node_modules'), join(dir, 'node_modules'))
  return dir
}

export interface Launch {
  readonly url: string
  readonly port: number
  readonly process: ChildProcess
  /** All that it has printed, on both streams. */
  readonly output: () => string
  /** Its exit code, or null while it runs. */
  readonly exitCode: () => number | null
  readonly untilReady: () => Promise<void>
  /** Sends the signal and waits for the end. */
  readonly stop: (signal?: NodeJS.Signals) => Promise<number | null>
}

/** Without what the test runner adds. */
const newcomersEnvironment = (): NodeJS.ProcessEnv => {
  const kept = ['PATH', 'HOME', 'USER', 'LANG', 'TMPDIR']
  return Object.fromEntries(kept.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])))
}

/** Runs what `npm start` runs, in the checkout. Port and further variables come from `env`. */
export const launch = async (
  t: Test,
  checkout: string,
  env: Readonly<Record<string, string>> = {},
): Promise<Launch> => {
  const port = Number(env['PORT'] ?? (await freePort()))
  const child = spawn(process.execPath, ['--import', 'tsx', 'dev/start.ts'], {
    cwd: checkout,
    env: { ...newcomersEnvironment(), PORT: String(port), METRICS_PORT: '0', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  const collect = (chunk: Buffer) => {
    output += chunk.toString()
  }
  child.stdout.on('data', collect)
  child.stderr.on('data', collect)
  const ended = () => child.exitCode !== null || child.signalCode !== null
  const stop = async (signal: NodeJS.Signals = 'SIGTERM') => {
    if (!ended()) child.kill(signal)
    await until('the launcher to end', ended, STOP_LIMIT_MS)
    return child.exitCode
  }
  t.teardown(() => stop())
  const untilReady = async () => {
    const isReady = () => output.includes('Unnest runs')
    await until('npm start', () => ended() || isReady(), START_LIMIT_MS).catch((cause: unknown) => {
      throw new Error(`npm start is not ready, and has said:\n${output}`, { cause })
    })
    if (ended()) throw new Error(`npm start ended:\n${output}`)
  }
  const url = `http://127.0.0.1:${port}`
  return { url, port, process: child, output: () => output, exitCode: () => child.exitCode, untilReady, stop }
}

/** The admin's password, where the banner shows it. */
export const passwordIn = (output: string): string | undefined => /Password\s+(\S+)/.exec(output)?.[1]

/** Said where the guard of the start before has not been faster. */
const CLEANED_UP = 'Cleaned up after a start that was killed\n'

/** Asserts what a start has said that was stopped politely. */
export const endsInOrder = (t: TapTest, { output }: Launch): void => {
  // What a program said last may be read after the next one has ended.
  t.match(output(), /API and worker stopped\n.*Redis stopped\n.*Postgres stopped/s, 'the services end last')
  t.notMatch(output().replace(CLEANED_UP, ''), /killed|ERROR|Error/)
}
