import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { startProgram } from '../stack/spawn.js'
import { StartError } from '../stack/start-error.js'

const INSTALL_LIMIT_MS = 120_000

export interface Backend {
  readonly port: number
  /** METRICS_PORT, where the pod says whether it is ready. */
  readonly healthPort: number
}

/** @throws StartError when haproxy is not there and cannot be installed */
export const ensureHaproxy = (): void => {
  try {
    execFileSync('haproxy', ['-v'], { stdio: 'ignore', timeout: 10_000 })
  } catch {
    try {
      execFileSync('apt-get', ['install', '-y', 'haproxy'], { stdio: 'ignore', timeout: INSTALL_LIMIT_MS })
    } catch (cause) {
      throw new StartError('haproxy is missing: apt-get install haproxy', { cause })
    }
  }
}

const configFor = (port: number, backends: readonly Backend[]): string => `
defaults
  mode http
  timeout connect 1s
  timeout client 30s
  timeout server 10s
  timeout check 1s
  retries 3
  option redispatch
  http-error status 503 content-type text/plain string "no pod is ready" hdr retry-after 1
frontend api
  bind 127.0.0.1:${port}
  default_backend pods
backend pods
  balance roundrobin
  option httpchk GET /readyz
${backends
  .map(
    ({ port, healthPort }, n) =>
      `  server pod${n} 127.0.0.1:${port} check port ${healthPort} inter 200 fall 2 rise 1`,
  )
  .join('\n')}
`

/** The pods' ports stay the same over restarts, so that the balancer needs no new configuration. */
export const startHaproxy = async (
  dir: string,
  ledger: string,
  port: number,
  backends: readonly Backend[],
): Promise<void> => {
  const file = join(dir, 'haproxy.cfg')
  writeFileSync(file, configFor(port, backends))
  await startProgram({
    ...{ name: 'haproxy', role: 'app', command: 'haproxy', args: ['-db', '-f', file] },
    ...{ stdio: 'ignore', graceMs: 5_000, ledger },
  })
}
