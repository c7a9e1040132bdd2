import { spawn } from 'node:child_process'
import { accessSync, constants, existsSync, readFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { StartError } from './start-error.js'

type Report = (line: string) => void

const NAMES = ['redis-server', 'valkey-server']
const UNIT = 'redis-server.service'
const APT_LIMIT_MS = 300_000

const HOW_TO_GET_IT = [
  'No redis-server or valkey-server on the PATH, and no REDIS_URL. One of these gets it:',
  '  Debian, Ubuntu:  sudo apt-get install redis-server',
  '  Fedora, RHEL:    sudo dnf install valkey',
  '  Arch:            sudo pacman -S valkey',
  '  Alpine:          sudo apk add redis',
  '  macOS:           brew install redis',
  '  Docker:          docker run -d -p 127.0.0.1:6379:6379 redis:8, then REDIS_URL=redis://127.0.0.1:6379',
].join('\n')

/**
 * The path of a Redis server program: one on the PATH, or else, as root on Debian and its kin, the distribution's
 * package, which it installs (one reported line, up to some minutes). Rejects with a line per system otherwise.
 */
export const findRedisServer = async (report: Report): Promise<string> => {
  const found = onPath()
  if (found !== undefined) return found
  if (!isDebian() || process.getuid?.() !== 0) throw new StartError(HOW_TO_GET_IT)
  report("No Redis here: installing Debian's redis-server package (apt-get install redis-server) ...")
  const failure = await install()
  const installed = onPath()
  if (installed !== undefined) return installed
  throw new StartError(`${failure}\n${HOW_TO_GET_IT}`)
}

const onPath = (): string | undefined => {
  const { PATH = '' } = process.env
  const folders = PATH.split(delimiter).filter((folder) => folder !== '')
  return NAMES.flatMap((name) => folders.map((folder) => join(folder, name))).find(isExecutable)
}

const isExecutable = (file: string): boolean => {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}

const isDebian = (): boolean =>
  existsSync('/etc/os-release') &&
  /^ID(_LIKE)?=.*\b(debian|ubuntu)\b/m.test(readFileSync('/etc/os-release', 'utf8'))

/** Installs the package but not its service: we run our own server, and port 6379 is not ours to take. */
const install = async (): Promise<string> => {
  const systemd = existsSync('/run/systemd/system')
  if (systemd) await run('systemctl', ['mask', '--runtime', UNIT])
  // Stale lists are often good enough, so a failed update decides nothing.
  await run('apt-get', ['update'])
  const wait = ['-o', 'DPkg::Lock::Timeout=120']
  const failure = await run('apt-get', ['install', '-y', '--no-install-recommends', ...wait, 'redis-server'])
  if (systemd) {
    await run('systemctl', ['unmask', '--runtime', UNIT])
    await run('systemctl', ['disable', UNIT])
  }
  return failure
}

/** Resolves with the end of the output when the command fails, and with nothing when it works. */
const run = (command: string, args: readonly string[]): Promise<string> =>
  new Promise((resolve) => {
    const output: string[] = []
    // RUNLEVEL=1 keeps System V init scripts from being started, as systemctl mask does for units.
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1', PREVLEVEL: 'N' }
    const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'pipe'], timeout: APT_LIMIT_MS })
    child.stdout.on('data', (chunk) => output.push(String(chunk)))
    child.stderr.on('data', (chunk) => output.push(String(chunk)))
    child.on('error', (error) => resolve(error.message))
    child.on('close', (code) =>
      resolve(code === 0 ? '' : output.join('').trimEnd().split('\n').slice(-5).join('\n')),
    )
  })
