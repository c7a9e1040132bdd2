import { spawn, spawnSync } from 'node:child_process'
import { text } from 'node:stream/consumers'

const isInstalled = spawnSync('promtool', ['--version']).error === undefined

/** For a test that needs it. */
export const withPromtool = {
  skip: !isInstalled && 'promtool is not installed (apt-get install prometheus)',
}

export interface PromtoolResult {
  readonly isFine: boolean
  readonly output: string
}

export const promtool = async (args: readonly string[], input = ''): Promise<PromtoolResult> => {
  // Short-lived: to collect its garbage as often as a server would costs it a fifth more.
  const child = spawn('promtool', args, { stdio: 'pipe', env: { ...process.env, GOGC: '400' } })
  const closed = new Promise<number | null>((resolve) => child.once('close', resolve))
  child.stdin.end(input)
  const [stdout, stderr, status] = await Promise.all([text(child.stdout), text(child.stderr), closed])
  return { isFine: status === 0, output: stdout + stderr }
}
