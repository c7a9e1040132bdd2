import { spawn } from 'node:child_process'
import type { Test } from './environment.js'
import { until } from './until.js'

export interface ShellResult {
  /** The exit status of the last command. */
  readonly status: number
  readonly output: string
}

/** One bash that keeps its variables from one paste to the next, as a person's terminal does. */
export const openShell = (t: Test, cwd: string) => {
  const shell = spawn('bash', ['--noprofile', '--norc'], { cwd, stdio: 'pipe' })
  t.teardown(() => shell.kill())
  let output = ''
  const collect = (chunk: Buffer) => {
    output += chunk.toString()
  }
  shell.stdout.on('data', collect)
  shell.stderr.on('data', collect)
  let pastes = 0

  /** Pastes the text and waits until its commands are through. */
  return async (text: string): Promise<ShellResult> => {
    pastes += 1
    const end = new RegExp(`end-of-paste-${pastes}:(\\d+)\\n`)
    output = ''
    shell.stdin.write(`${text}\nstatus=$?; echo; echo end-of-paste-${pastes}:$status\n`)
    const status = await until('the shell', () => end.exec(output)?.[1])
    return { status: Number(status), output: output.replace(end, '') }
  }
}
