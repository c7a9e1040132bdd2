import { spawn } from 'node:child_process'
import { cp, mkdir, stat } from 'node:fs/promises'
import path from 'node:path'
import { type Instruction, pairsOf, type Stage } from './dockerfile.js'
import type { Ignores } from './dockerignore.js'

/** A stage as it stands: the folder that plays its root, and what ENV and WORKDIR have set. */
export interface StageState {
  readonly root: string
  readonly workdir: string
  readonly env: Readonly<Record<string, string>>
}

export interface BuildContext {
  readonly folder: string
  readonly ignores: Ignores
  readonly stages: ReadonlyMap<string, StageState>
  readonly report: (line: string) => void
}

/** They say how the image is started or described, and change no file. */
const METADATA = ['ARG', 'LABEL', 'EXPOSE', 'STOPSIGNAL', 'USER', 'HEALTHCHECK', 'ENTRYPOINT', 'CMD']
/** What the machine, not the Dockerfile, knows: how to reach the registry, and where npm keeps downloads. */
const FROM_THE_MACHINE =
  /^(HOME|npm_config_(registry|cache|cafile)|NODE_EXTRA_CA_CERTS|https?_proxy|no_proxy)$/i

/** The variables of a process in the stage. Nothing of this checkout is on the PATH: it would hide a gap. */
export const processEnv = (state: StageState): NodeJS.ProcessEnv => {
  const machine = Object.entries(process.env).filter(([name]) => FROM_THE_MACHINE.test(name))
  const { PATH: searched = '' } = process.env
  const outside = searched.split(path.delimiter).filter((folder) => !folder.includes('node_modules'))
  return { ...Object.fromEntries(machine), PATH: outside.join(path.delimiter), ...state.env }
}

/** Where a path of the image lies on this machine. */
export const inStage = (state: StageState, file: string): string =>
  path.join(state.root, path.posix.resolve(state.workdir, file))

const exists = (file: string) =>
  stat(file).then(
    () => true,
    () => false,
  )

const isFolder = async (file: string) => (await exists(file)) && (await stat(file)).isDirectory()

const copyOne = async (source: string, target: string, keep: (file: string) => boolean) => {
  if (!(await exists(source)) || !keep(source)) throw new Error(`COPY: there is no ${source} in the context`)
  await cp(source, target, { recursive: true, verbatimSymlinks: true, filter: keep })
}

const copy = async (instruction: Instruction, state: StageState, context: BuildContext) => {
  const words = instruction.text.split(/\s+/)
  const destination = words.at(-1) ?? '.'
  const { from: origin } = instruction.flags
  const stage = origin === undefined ? undefined : context.stages.get(origin)
  if (origin !== undefined && !stage) throw new Error(`COPY: there is no stage ${origin} before this one`)
  for (const word of words.slice(0, -1)) {
    const source = stage ? inStage(stage, word) : path.join(context.folder, word)
    const keep = (file: string) =>
      stage !== undefined || !context.ignores(path.relative(context.folder, file))
    const intoFolder = !(await isFolder(source)) && (destination.endsWith('/') || destination === './')
    const target = inStage(state, intoFolder ? path.join(destination, path.basename(source)) : destination)
    await copyOne(source, target, keep)
  }
}

const run = (instruction: Instruction, state: StageState) =>
  new Promise<void>((resolve, reject) => {
    const options = { cwd: inStage(state, '.'), env: processEnv(state), shell: '/bin/sh' }
    const child = spawn(instruction.text, { ...options, stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk))
    child.on('error', reject)
    child.on('close', (code) =>
      code === 0 ? resolve() : reject(new Error(`RUN ended with ${code}:\n${output}`)),
    )
  })

const apply = async (instruction: Instruction, state: StageState, context: BuildContext) => {
  const { keyword, text } = instruction
  if (METADATA.includes(keyword)) return state
  if (keyword === 'ENV') return { ...state, env: { ...state.env, ...pairsOf(text) } }
  if (keyword === 'WORKDIR') {
    const next = { ...state, workdir: path.posix.resolve(state.workdir, text) }
    await mkdir(inStage(next, '.'), { recursive: true })
    return next
  }
  const flags = Object.entries(instruction.flags).map(([name, value]) => `--${name}=${value} `)
  context.report(`  ${keyword} ${flags.join('')}${text}`)
  if (keyword === 'COPY') await copy(instruction, state, context)
  else if (keyword === 'RUN') await run(instruction, state)
  else throw new Error(`line ${instruction.line}: this check does not know ${keyword}`)
  return state
}

/**
 * Carries out one stage in `root`, with this machine's Node in place of the base image.
 * @throws Error with the command's output when a COPY or a RUN fails.
 */
export const runStage = async (stage: Stage, root: string, context: BuildContext): Promise<StageState> => {
  const base = context.stages.get(stage.base)
  await mkdir(root, { recursive: true })
  if (base) await cp(base.root, root, { recursive: true, verbatimSymlinks: true })
  let state: StageState = { root, workdir: base?.workdir ?? '/', env: base?.env ?? {} }
  for (const instruction of stage.instructions) state = await apply(instruction, state, context)
  return state
}
