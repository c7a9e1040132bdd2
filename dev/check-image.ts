/**
 * `npm run check:image`: carries out the Dockerfile without Docker. Each stage's COPY and RUN happen in a folder
 * of its own under the temporary directory, with this machine's Node; then the three commands are started.
 * It cannot tell whether the base image exists, and it does not change users.
 */
import { access, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { execForm, lastOf, parseDockerfile, type Stage } from './image/dockerfile.js'
import { parseDockerignore } from './image/dockerignore.js'
import { inventory } from './image/inventory.js'
import { inStage, runStage, type StageState } from './image/stage-runner.js'
import { checkStart } from './image/start-check.js'

const COMMANDS = ['dist/server.js', 'dist/worker.js', 'dist/migrate.js']
const root = path.resolve(import.meta.dirname, '..')
const report = (line: string) => console.log(line)
const inMegabytes = (bytes: number) => `${(bytes / 1e6).toFixed(2)} MB`

const build = async (stages: readonly Stage[], folder: string) => {
  const ignores = parseDockerignore(await readFile(path.join(root, '.dockerignore'), 'utf8'))
  const done = new Map<string, StageState>()
  for (const stage of stages) {
    const started = performance.now()
    report(`${stage.name} (from ${stage.base})`)
    const context = { folder: root, ignores, stages: done, report }
    done.set(stage.name, await runStage(stage, path.join(folder, stage.name), context))
    report(`  ${((performance.now() - started) / 1000).toFixed(1)} s`)
  }
  return done
}

const reportContents = async (state: StageState) => {
  const entries = await inventory(inStage(state, '.'))
  report('\nThe final stage')
  for (const { name, files, bytes } of entries) {
    report(`  ${name.padEnd(16)} ${String(files).padStart(6)} files ${inMegabytes(bytes).padStart(12)}`)
  }
  report(`  ${inMegabytes(entries.reduce((sum, { bytes }) => sum + bytes, 0))} on top of the base image`)
}

const developmentPackages = async (state: StageState) => {
  const { devDependencies = {} } = JSON.parse(await readFile(inStage(state, 'package.json'), 'utf8'))
  const present = await Promise.all(
    Object.keys(devDependencies).map((name) =>
      access(inStage(state, `node_modules/${name}`)).then(
        () => `${name} is a development package and is in the image`,
        () => undefined,
      ),
    ),
  )
  return present.filter((fault) => fault !== undefined)
}

const checkCommands = async (final: Stage, state: StageState) => {
  const entrypoint = execForm(lastOf(final, 'ENTRYPOINT')?.text ?? '[]') ?? []
  const faults: string[] = []
  for (const command of COMMANDS) {
    const { fault, output } = await checkStart(state, [...entrypoint, command])
    report(`\n${command} without configuration: ${fault ?? 'says what is missing and ends with 1'}`)
    report(output.replace(/^/gm, '  '))
    if (fault) faults.push(`${command}: ${fault}`)
  }
  return faults
}

const check = async (folder: string) => {
  const stages = parseDockerfile(await readFile(path.join(root, 'Dockerfile'), 'utf8'))
  const final = stages.at(-1)
  const state = (await build(stages, folder)).get(final?.name ?? '')
  if (!final || !state) throw new Error('The Dockerfile has no stage')
  await reportContents(state)
  return [...(await developmentPackages(state)), ...(await checkCommands(final, state))]
}

const folder = await mkdtemp(path.join(tmpdir(), 'unnest-image-'))
const removeFolder = () => rm(folder, { recursive: true, force: true })
process.once('SIGINT', () => removeFolder().finally(() => process.exit(130)))
try {
  const faults = await check(folder)
  for (const fault of faults) report(`FAULT ${fault}`)
  report(faults.length === 0 ? '\nThe image holds what it needs.' : `\n${faults.length} faults`)
  process.exitCode = faults.length === 0 ? 0 : 1
} catch (error) {
  report(`FAULT ${error instanceof Error ? error.message : error}`)
  process.exitCode = 1
} finally {
  await removeFolder()
}
