import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { faultsOfEnvironment } from '../support/deployment-environment.js'
import { renderKustomization } from '../support/kustomize.js'
import { readWorkload } from '../support/workloads.js'

const ROOT = join(import.meta.dirname, '../..')
const objects = renderKustomization(join(ROOT, 'deploy/kubernetes/production'))
const blocks = readFileSync(join(ROOT, 'docs/deployment.md'), 'utf8').split('```')
const commands = blocks.find((block) => block.includes('> api.env')) ?? ''
const PROCESSES = ['api', 'worker', 'migrate'] as const

/** As `kubectl create secret --from-env-file` reads it: whatever stands behind the first `=`. */
const readEnvFile = (file: string): Record<string, string> => {
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n')
  return Object.fromEntries(lines.map((line) => line.split(/=(.*)/s, 2)))
}

/** What the processes have against the Secrets that these commands make. */
const faultsOfFiles = (folder: string, text: string): string[] => {
  execFileSync('bash', ['-ec', `npm() { (cd '${ROOT}' && command npm "$@"); }\n${text}`], { cwd: folder })
  return PROCESSES.flatMap((process) => {
    const { container, environment } = readWorkload(objects, process)
    const secret = readEnvFile(join(folder, `${process}.env`))
    const names = container.env.map(({ name }) => name)
    const settings = Object.entries(environment).filter(([name]) => !names.includes(name))
    return [
      ...faultsOfEnvironment(process, { ...Object.fromEntries(settings), ...secret }),
      ...Object.keys(secret)
        .filter((name) => !names.includes(name))
        .map((name) => `${process} is not given ${name}`),
    ]
  })
}

t.test('what the document makes is what the processes read', async (t) => {
  const folder = t.testdir()
  t.strictSame(faultsOfFiles(folder, commands), [])
  const planted = commands
    .replace('"JWT_PRIVATE_KEYS=$(npm run -s keys)"', `"JWT_PRIVATE_KEYS='$(npm run -s keys)'"`)
    .replace('SMTP_URL=', 'QUEUE_URL=')
  const faults = faultsOfFiles(folder, planted).join('\n')
  t.match(faults, /api: JWT_PRIVATE_KEYS/, 'with quotes')
  t.match(faults, /worker is not given QUEUE_URL/)
})
