import { spawnSync } from 'node:child_process'
import { chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../../dev/stack/ports.js'
import { startProgram } from '../../dev/stack/spawn.js'
import type { Test } from './environment.js'
import { until } from './until.js'

/** It refuses to run as root, and finds its files as this user of Debian's. */
const NOBODY = 65_534
const isRoot = process.getuid?.() === 0

export const hasPgbouncer = (): boolean => spawnSync('pgbouncer', ['--version']).status === 0

/** So few that transactions of one client come on the connections of another all the time. */
const SERVER_CONNECTIONS = 3

const settingsOf = (server: URL, port: number): string =>
  [
    '[databases]',
    `* = host=${server.hostname} port=${server.port}`,
    '[pgbouncer]',
    'listen_addr = 127.0.0.1',
    `listen_port = ${port}`,
    'unix_socket_dir =',
    'pool_mode = transaction',
    `default_pool_size = ${SERVER_CONNECTIONS}`,
    'auth_type = plain',
    'auth_file = users.txt',
    '',
  ].join('\n')

const quoted = (text: string): string => `"${decodeURIComponent(text).replaceAll('"', '""')}"`

const answers = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => resolve(true))
    socket.on('error', () => resolve(false))
    socket.on('connect', () => socket.destroy())
  })

/**
 * Starts a PgBouncer in transaction mode before the server of that address.
 * @returns the address of the same database through it
 */
export const startPgbouncer = async (t: Test, databaseUrl: string): Promise<string> => {
  const url = new URL(databaseUrl)
  const port = await freePort()
  const directory = mkdtempSync(join(tmpdir(), 'unnest-pgbouncer-'))
  writeFileSync(join(directory, 'pgbouncer.ini'), settingsOf(url, port))
  writeFileSync(join(directory, 'users.txt'), `${quoted(url.username)} ${quoted(url.password)}\n`)
  if (isRoot) chownSync(directory, NOBODY, NOBODY)
  const { child, ended } = await startProgram({
    name: 'pgbouncer',
    role: 'app',
    command: 'pgbouncer',
    args: ['pgbouncer.ini'],
    cwd: directory,
    stdio: 'ignore',
    env: { PATH: process.env['PATH'] },
    graceMs: 1_000,
    ledger: process.env['TEST_LEDGER'],
    ...(isRoot && { uid: NOBODY, gid: NOBODY }),
  })
  t.teardown(async () => {
    child.kill('SIGKILL')
    await ended
    rmSync(directory, { recursive: true, force: true })
  })
  await until('PgBouncer to listen', () => answers(port))
  url.port = String(port)
  return url.href
}
