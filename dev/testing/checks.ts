import { readFileSync, realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startProgram } from '../stack/spawn.js'

export const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))))

const CHECKS = { types: 'check:types', style: 'check:style', boundaries: 'check:boundaries' } as const
/** Several times what they take alone: tests run beside them. */
const LIMIT_MS = 300_000
/**
 * biome colours its output even when nobody sees it. Several type checkers are done sooner and look at much of it several times over:
 * beside the tests, which need all processors, that is no gain.
 */
const BESIDE_TESTS: Readonly<Record<string, readonly string[]>> = {
  style: ['--colors=off'],
  types: ['--checkers', '1'],
}

/** The file behind a program of node_modules/.bin, to be run by node itself: npx would orphan it on a signal. */
export const binary = (name: string): string => realpathSync(join(ROOT, 'node_modules', '.bin', name))

/** Runs the static checks of package.json side by side, each reported as it ends. Resolves with those that failed. */
export const runChecks = async (ledger: string): Promise<{ passed: number; failed: number }> => {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
  const results = await Promise.all(
    Object.entries(CHECKS).map(([name, script]) => runCheck(name, String(scripts[script]), ledger)),
  )
  const passed = results.filter(Boolean).length
  return { passed, failed: results.length - passed }
}

const runCheck = async (name: string, script: string, ledger: string): Promise<boolean> => {
  const begun = Date.now()
  const [command = '', ...args] = script.split(' ')
  const program = command === 'node' ? [] : [binary(command)]
  const { child, ended } = await startProgram({
    name,
    role: 'app',
    command: process.execPath,
    args: [...program, ...args, ...(BESIDE_TESTS[name] ?? [])],
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'pipe'],
    graceMs: 2_000,
    ledger,
  })
  const output: string[] = []
  child.stdout?.on('data', (chunk) => output.push(String(chunk)))
  child.stderr?.on('data', (chunk) => output.push(String(chunk)))
  const timer = setTimeout(() => child.kill('SIGKILL'), LIMIT_MS)
  const { code } = await ended
  clearTimeout(timer)
  reportStep(name, code === 0, begun)
  if (code !== 0) console.log(output.join('').trimEnd())
  return code === 0
}

/** One line a step: what, how it went, how long it took. */
export const reportStep = (name: string, ok: boolean, begun: number): void => {
  const seconds = ((Date.now() - begun) / 1_000).toFixed(1)
  console.log(`${ok ? 'ok    ' : 'FAILED'}  ${name.padEnd(44)} ${seconds.padStart(6)} s`)
}
