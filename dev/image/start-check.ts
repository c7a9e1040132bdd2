import { execFile } from 'node:child_process'
import { inStage, processEnv, type StageState } from './stage-runner.js'

const START_TIMEOUT_MS = 20_000

export interface Start {
  readonly code: number | string | undefined
  readonly output: string
}

const start = (state: StageState, [command = '', ...words]: readonly string[]) =>
  new Promise<Start>((resolve) => {
    const options = { cwd: inStage(state, '.'), env: processEnv(state), timeout: START_TIMEOUT_MS }
    execFile(command, words, options, (error, stdout, stderr) =>
      resolve({
        code: error ? (error.code ?? error.signal ?? undefined) : 0,
        output: `${stdout}${stderr}`.trim(),
      }),
    )
  })

/**
 * Starts a command of the image without any configuration. It has loaded all its modules by the time it can
 * say what is missing, so a package that only development installs would show here.
 *
 * @returns what is wrong, or undefined; and what the process said.
 */
export const checkStart = async (state: StageState, words: readonly string[]) => {
  const { code, output } = await start(state, words)
  return { fault: faultOf({ code, output }), output }
}

/** An operator must be told what is missing, once, without a stack trace. */
export const faultOf = ({ code, output }: Start): string | undefined => {
  if (code !== 1) return `exit code ${code} instead of 1`
  if (/^\s+at /m.test(output)) return 'a stack trace instead of a message'
  const mentions = output.split('DATABASE_URL').length - 1
  return mentions === 1 ? undefined : `DATABASE_URL is named ${mentions} times instead of once`
}
