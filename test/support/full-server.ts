import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import type { Test } from './environment.js'

const LISTEN = `require('node:net').createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, function () {
  process.stdout.write(this.address().port + '\\n')
})`

/** How long a connection on one machine may take before it counts as not taken. */
const NOT_TAKEN_MS = 300
const MAX_BACKLOG = 50

const isTaken = (socket: Socket): Promise<boolean> =>
  new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), NOT_TAKEN_MS)
    socket.once('connect', () => {
      clearTimeout(timer)
      resolve(true)
    })
  })

const fill = async (port: number, sockets: Socket[]): Promise<void> => {
  while (sockets.length < MAX_BACKLOG) {
    const socket = connect(port, '127.0.0.1')
    socket.on('error', () => {})
    sockets.push(socket)
    if (!(await isTaken(socket))) return
  }
  throw new Error('the server still takes connections')
}

const portOf = async (child: ChildProcess): Promise<number> => {
  if (!child.stdout) throw new Error('the server has no output')
  const [line] = await once(createInterface({ input: child.stdout }), 'line')
  return Number(line)
}

/** A frozen process whose queue of connections is full: whoever connects waits for an answer to the first packet. */
export const startFullServer = async (t: Test): Promise<{ readonly port: number }> => {
  const child = spawn(process.execPath, ['-e', LISTEN], { stdio: ['ignore', 'pipe', 'inherit'], env: {} })
  const sockets: Socket[] = []
  t.teardown(async () => {
    for (const socket of sockets) socket.destroy()
    child.kill('SIGKILL')
    await once(child, 'exit')
  })
  const port = await portOf(child)
  child.kill('SIGSTOP')
  await fill(port, sockets)
  return { port }
}
