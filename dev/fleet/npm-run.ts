import { startProgram } from '../stack/spawn.js'
import { within } from './limits.js'

export interface NpmRun {
  readonly args: readonly string[]
  readonly cwd: string
  readonly env: NodeJS.ProcessEnv
  readonly ledger: string
  readonly limitMs: number
}

/** Runs npm to its end. @throws Error when it fails or takes too long */
export const npmRun = async ({ args, cwd, env, ledger, limitMs }: NpmRun): Promise<void> => {
  const name = `npm ${args[0] === 'run' ? args.slice(0, 3).join(' ') : args.join(' ')}`
  const { child, ended } = await startProgram({
    ...{ name, role: 'app', command: 'npm', args, cwd, env, ledger, graceMs: 5_000 },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  try {
    const { code, text } = await within(name, limitMs, ended)
    if (code !== 0) throw new Error(`${name} in ${cwd} failed (${text})`)
  } finally {
    child.kill('SIGTERM')
  }
}
