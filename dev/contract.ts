import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import { startProgram } from './stack/spawn.js'
import { ROOT } from './testing/checks.js'
import { readTap } from './testing/tap-output.js'

const HELP = `npm run contract -- --url URL --admin-email ADDRESS [--admin-password TEXT] [--patience SECONDS] [--beyond pass|fail]

Tests the REST contract at a base URL, as docs/contract.md says. CONTRACT_ADMIN_PASSWORD may hold the password, which a
process list would show. --patience is how long a rate limit (429) may keep it waiting at once, 60 if absent.
--beyond adds what Unnest promises beyond the contract, and whether to expect it.`

const LIMIT_SECONDS = 1_800

const readArguments = () => {
  const { values } = parseArgs({
    options: {
      url: { type: 'string', default: 'http://127.0.0.1:3000' },
      'admin-email': { type: 'string' },
      'admin-password': { type: 'string' },
      patience: { type: 'string', default: '60' },
      beyond: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  })
  const email = values['admin-email'] ?? process.env['CONTRACT_ADMIN_EMAIL']
  const password = values['admin-password'] ?? process.env['CONTRACT_ADMIN_PASSWORD']
  const isFit =
    URL.canParse(values.url) &&
    /^\d{1,3}$/.test(values.patience) &&
    ['pass', 'fail', undefined].includes(values.beyond)
  if (values.help || !email || !password || !isFit) return undefined
  return {
    CONTRACT_URL: values.url,
    CONTRACT_ADMIN_EMAIL: email,
    CONTRACT_ADMIN_PASSWORD: password,
    CONTRACT_PATIENCE_SECONDS: values.patience,
    ...(values.beyond && { CONTRACT_BEYOND: values.beyond }),
  }
}

/** Runs the suite in a process of its own; each chapter is reported as it ends. @returns whether all of it holds */
const run = async (env: Readonly<Record<string, string>>): Promise<boolean> => {
  const { child, ended } = await startProgram({
    name: 'contract',
    role: 'app',
    command: process.execPath,
    args: ['--enable-source-maps', '--import=tsx', join('test', 'contract', 'against.ts')],
    cwd: ROOT,
    env: { ...process.env, ...env, TAP_TIMEOUT: String(LIMIT_SECONDS) },
    stdio: ['ignore', 'pipe', 'inherit'],
    // A terminal's Ctrl-C ends both.
    detached: false,
    graceMs: 2_000,
    ledger: undefined,
  })
  const lines: string[] = []
  if (child.stdout) {
    createInterface({ input: child.stdout }).on('line', (line) => {
      lines.push(line)
      const [, how, what] = /^ {4}((?:not )?ok) \d+ - (.*?) # time=/.exec(line) ?? []
      if (how !== undefined) console.log(`${how === 'ok' ? 'ok    ' : 'FAILED'}  ${what}`)
    })
  }
  const { code } = await ended
  const { complete, passed, failed, failures } = readTap(lines)
  if (failed > 0 || !complete) console.log(failures.join('\n'))
  console.log(`${passed} passed, ${complete ? failed : Math.max(1, failed)} failed`)
  return code === 0 && complete && failed === 0
}

const env = readArguments()
if (env === undefined) {
  console.log(HELP)
  process.exitCode = 2
} else {
  process.exitCode = (await run(env)) ? 0 : 1
}
