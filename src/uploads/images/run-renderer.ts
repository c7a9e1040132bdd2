import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { RENDER_LIMITS, RENDER_MEMORY_KIB, type RenderLimits } from './limits.js'
import { outcomeSchema, type Rendering, type RenderOrder } from './rendering.js'
import { UnfitImageError, type UnfitReason } from './unfit.js'

/*
 * Why a process for each picture. A decoder is the largest piece of C that strangers can feed: a crash there must not
 * take a worker and its other jobs along, and sharp can neither end a libheif that hangs nor bound what it allocates.
 * The kernel can do both to a process. It costs about 0.3 s of a core a picture.
 * sharp in one process took 0.1 to 0.8 GB at its peak for the pictures that libvips can be given.
 */

type Child = ChildProcessByStdio<Writable, Readable, Readable>

/**
 * In the process itself, since Node cannot set them: data segment (KiB), processor time (s), core dumps. Of the time only
 * the soft limit: at the hard one the kernel sends SIGKILL, which tells nobody why.
 */
const limitedTo = ({ cpuSeconds }: RenderLimits): string =>
  `ulimit -d ${RENDER_MEMORY_KIB} && ulimit -S -t ${cpuSeconds} && ulimit -c 0 && exec "$0" "$@"`
/** JavaScript does little here; the memory is for pixels. */
const NODE_FLAGS = ['--max-old-space-size=64', '--enable-source-maps']
/** None of our own settings: there are secrets among them. One arena and one thread keep the memory together. */
const ENVIRONMENT = { UV_THREADPOOL_SIZE: '1', MALLOC_ARENA_MAX: '1' }
const MAX_OUTPUT_CHARACTERS = 16_384

/** Signals that a process ends by when its own memory or code failed it, and by our limit of processor time. */
const CRASHES: readonly string[] = ['SIGABRT', 'SIGBUS', 'SIGFPE', 'SIGILL', 'SIGSEGV', 'SIGTRAP']
const OUT_OF_TIME: readonly string[] = ['SIGXCPU']

/** In dist/ of the package that this file belongs to, whether it runs from there or from its source. */
const findProgram = (folder: string): string => {
  if (existsSync(join(folder, 'package.json'))) return join(folder, 'dist', 'renderer.js')
  const above = dirname(folder)
  if (above === folder) throw new Error('renderer.js is not there: dist/ is not complete')
  return findProgram(above)
}

const startRenderer = ({ path, type, directory }: RenderOrder, limits: RenderLimits): Child => {
  const program = [process.execPath, ...NODE_FLAGS, findProgram(import.meta.dirname)]
  return spawn('/bin/sh', ['-c', limitedTo(limits), ...program, path, type, directory], {
    env: ENVIRONMENT,
    stdio: ['pipe', 'pipe', 'pipe'],
  })
}

/** What a stream says, up to a limit; the rest is read and dropped. */
const collect = (stream: Readable): (() => string) => {
  let text = ''
  stream.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk.slice(0, MAX_OUTPUT_CHARACTERS - text.length)
  })
  return () => text
}

/** Time on the clock is a busy machine's doing as well as the picture's; processor time is the picture's alone. */
const unfit = (reason: UnfitReason): UnfitImageError =>
  new UnfitImageError(reason, { mayPass: reason === 'took_too_long' })

/** Without an outcome: the picture's fault only where nothing else can be the cause. */
const failureOf = (code: number | null, signal: string | null, stderr: string): Error => {
  if (signal !== null && OUT_OF_TIME.includes(signal)) return new UnfitImageError('took_too_long')
  if (signal !== null && CRASHES.includes(signal)) return new UnfitImageError('undecodable')
  return new Error(`The renderer ended with ${signal ?? code}: ${stderr}`)
}

/**
 * Renders in a process of its own, which has ended when this returns, however it does.
 * @throws UnfitImageError; the signal's reason when it is aborted; any other error is not the picture's fault
 */
export const runRenderer = async (
  order: RenderOrder,
  signal: AbortSignal,
  limits = RENDER_LIMITS,
): Promise<Rendering> => {
  signal.throwIfAborted()
  const child = startRenderer(order, limits)
  const [stdout, stderr] = [collect(child.stdout), collect(child.stderr)]
  const kill = () => void child.kill('SIGKILL')
  let isLate = false
  const timer = setTimeout(() => {
    isLate = true
    kill()
  }, limits.milliseconds)
  signal.addEventListener('abort', kill)
  try {
    const [code, endedBy] = await once(child, 'close')
    signal.throwIfAborted()
    if (isLate) throw unfit('took_too_long')
    if (code !== 0) throw failureOf(code, endedBy, stderr())
    const outcome = outcomeSchema.parse(JSON.parse(stdout()))
    if ('unfit' in outcome) throw unfit(outcome.unfit)
    return outcome.rendering
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', kill)
  }
}
