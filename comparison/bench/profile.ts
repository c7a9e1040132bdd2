import { mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { SourceMap } from 'node:module'
import { join } from 'node:path'
import { z } from 'zod'
import { startLoadGenerator } from './load-generator.js'
import { API_PROGRAMS, buildAll, PROFILED } from './programs.js'
import { findRuntime } from './runtime.js'
import { SCENARIOS } from './scenarios.js'
import { startServer } from './servers.js'
import { openStage, SIZES, type Stage } from './stage.js'
import { createTokens } from './tokens.js'

/*
 * `npm run profile -- SCENARIO`: where a request's processor time goes in our own server, by a CPU profile under load; which
 * scenarios there are is in `npm run compare -- --help`.
 */

const SECONDS = 8
const WARM_UP_SECONDS = 3
const SHOWN = 15
const INTERVAL_MICROSECONDS = 200

const profileFile = z.object({
  nodes: z.array(
    z.object({
      id: z.int(),
      callFrame: z.object({
        functionName: z.string(),
        url: z.string(),
        lineNumber: z.int(),
        columnNumber: z.int(),
      }),
    }),
  ),
  startTime: z.number(),
  samples: z.array(z.int()),
  timeDeltas: z.array(z.number()),
})
type Profile = z.infer<typeof profileFile>
type Frame = Profile['nodes'][number]['callFrame']

/** Where a frame of our bundle was before it was bundled. */
const readSources = (): ((frame: Frame) => string) => {
  const map = new SourceMap(JSON.parse(readFileSync(`${PROFILED}.map`, 'utf8')))
  return ({ url, lineNumber, columnNumber }) => {
    if (!url.endsWith(API_PROGRAMS.ours)) return url
    const entry = map.findEntry(lineNumber, columnNumber)
    return 'originalSource' in entry ? `${entry.originalSource}:${entry.originalLine + 1}` : url
  }
}

/** `fast-jwt`, or `Unnest`, or what V8 itself does. */
const packageOf = (source: string, { functionName }: Frame): string => {
  const [, name] = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(source) ?? []
  if (name !== undefined) return name
  if (source.startsWith('node:')) return 'node'
  return source === '' ? functionName : 'Unnest'
}

const placeOf = (source: string, frame: Frame): string =>
  `${frame.functionName || '(anonymous)'} ${packageOf(source, frame)} ${source.split('/').slice(-2).join('/')}`

/** Shares of the time in which the process did something, from so many microseconds after its start. */
const sharesOf = (profile: Profile, from: number, label: (frame: Frame) => string): [string, number][] => {
  const labels = new Map(profile.nodes.map(({ id, callFrame }) => [id, label(callFrame)]))
  const idle = new Set(
    profile.nodes.filter((node) => node.callFrame.functionName === '(idle)').map(({ id }) => id),
  )
  const times = new Map<string, number>()
  let [now, busy] = [0, 0]
  for (const [n, id] of profile.samples.entries()) {
    const spent = profile.timeDeltas[n] ?? 0
    now += spent
    if (now < from || idle.has(id)) continue
    busy += spent
    const name = labels.get(id) ?? '?'
    times.set(name, (times.get(name) ?? 0) + spent)
  }
  return [...times].map(([name, time]): [string, number] => [name, time / busy]).sort((a, b) => b[1] - a[1])
}

const print = (title: string, shares: readonly [string, number][]): void => {
  console.log(`\n${title}`)
  for (const [name, share] of shares.slice(0, SHOWN)) {
    console.log(`${(share * 100).toFixed(1).padStart(5)} %  ${name}`)
  }
}

const profileScenario = async (stage: Stage, id: string): Promise<void> => {
  const scenario = SCENARIOS.find((known) => known.id === id)
  if (!scenario) throw new Error(`There is no scenario ${id}`)
  const folder = join(stage.dir, `profile-${id}`)
  mkdirSync(folder, { recursive: true })
  const NODE_OPTIONS = `--cpu-prof --cpu-prof-dir=${folder} --cpu-prof-interval=${INTERVAL_MICROSECONDS}`
  const begun = performance.now()
  const server = await startServer(stage, 'ours', { ...scenario.environment, NODE_OPTIONS })
  const generator = await startLoadGenerator(stage)
  try {
    const tokens = createTokens(stage)
    await tokens.renew(server.url)
    const { connections } = scenario
    const order = { url: server.url, connections, exchanges: scenario.exchanges(stage, tokens.tokenOf) }
    await generator.run({ ...order, seconds: WARM_UP_SECONDS })
    const from = (performance.now() - begun) * 1_000
    const { requests, faults } = await generator.run({ ...order, seconds: SECONDS })
    if (faults.length > 0) throw new Error(faults.join('\n'))
    await server.stop()
    const [file = ''] = readdirSync(folder)
    const profile = profileFile.parse(JSON.parse(readFileSync(join(folder, file), 'utf8')))
    console.log(`${scenario.title}: ${requests} requests`)
    const sourceOf = readSources()
    for (const [what, label] of [
      ['by package, self time', packageOf],
      ['by function, self time', placeOf],
    ] as const) {
      print(
        what,
        sharesOf(profile, from, (frame) => label(sourceOf(frame), frame)),
      )
    }
  } finally {
    await generator.stop()
    await server.stop()
  }
}

const main = async (ids: readonly string[]): Promise<void> => {
  if (ids.length === 0) throw new Error('npm run profile -- SCENARIO: see npm run compare -- --help')
  const node = await findRuntime(false)
  await buildAll()
  const stage = await openStage(node, SIZES.quick)
  try {
    for (const id of ids) await profileScenario(stage, id)
  } finally {
    await stage.close()
  }
}

await main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
})
