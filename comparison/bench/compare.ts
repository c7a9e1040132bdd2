import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { type Arguments, HELP, readArguments } from './arguments.js'
import { withClosings } from './closing.js'
import { measureColdStarts } from './cold-starts.js'
import { describeMachine, listVersions, readLoad } from './facts.js'
import { measureHalfLoad } from './half-load.js'
import { measureJobs } from './jobs.js'
import { countLines } from './lines.js'
import { startLoadGenerator } from './load-generator.js'
import { countAllPackages } from './packages.js'
import { rssOf } from './process-figures.js'
import { buildAll } from './programs.js'
import { toHtml } from './report/html.js'
import { toMarkdown } from './report/markdown.js'
import { type CandidateId, type Results, results } from './results.js'
import { measureScenario } from './rounds.js'
import { findRuntime } from './runtime.js'
import { SCENARIOS } from './scenarios.js'
import { type RunningServer, startServer } from './servers.js'
import { openStage, POOL_MAX, SIZES, type Stage } from './stage.js'
import { createTokens } from './tokens.js'

/* `npm run compare`: see HELP. */

const JOBS = { full: 10_000, quick: 1_000 }

/** All requests, one scenario after the other, at servers that stay up for all of them. */
const measureRequests = (stage: Stage, asked: Arguments, wants: (id: string) => boolean) =>
  withClosings(async (closings) => {
    const generator = await startLoadGenerator(stage)
    closings.push(generator.stop)
    const servers = new Map<CandidateId, RunningServer>()
    const serverOf = async (id: CandidateId): Promise<RunningServer> => {
      const running = servers.get(id)
      if (running) return running
      const server = await startServer(stage, id)
      closings.push(server.stop)
      servers.set(id, server)
      return server
    }
    const tokens = createTokens(stage)
    const scenarios: Results['scenarios'] = []
    for (const scenario of SCENARIOS.filter(({ id }) => wants(id))) {
      scenarios.push(await measureScenario(stage, generator, tokens, scenario, serverOf, asked))
    }
    const bench = { stage, generator, tokens, serverOf }
    const halfLoad = wants('half-load') ? await measureHalfLoad(bench, asked) : []
    const memory = [...servers.values()].map(({ id, pid }) => ({ id, rssMegabytes: rssOf(pid) }))
    return { scenarios, halfLoad, memory }
  })

const measure = async (asked: Arguments): Promise<Results> => {
  const loadAtStart = readLoad()
  const node = await findRuntime(asked.currentNode)
  await buildAll()
  const form = asked.quick ? 'quick' : 'full'
  const wants = (id: string): boolean => asked.only?.includes(id) ?? true
  const { users, products, orders } = SIZES[form]
  console.log(`${users} users, ${products} products, ${orders} orders ...`)
  const stage = await openStage(node, SIZES[form])
  try {
    const coldStarts = wants('start') ? await measureColdStarts(stage, asked.rounds) : []
    const { scenarios, halfLoad, memory } = await measureRequests(stage, asked, wants)
    const jobs = wants('jobs') ? await measureJobs(stage, asked.rounds, JOBS[form]) : []
    return {
      madeAt: new Date().toISOString(),
      quick: asked.quick,
      machine: describeMachine(stage, loadAtStart),
      versions: await listVersions(stage),
      settings: {
        ...{ rounds: asked.rounds, 'seconds a turn': asked.seconds, 'connections to Postgres': POOL_MAX },
        ...{ users, products, orders, 'jobs a round': JOBS[form] },
      },
      ...{ scenarios, halfLoad, memory, coldStarts, jobs },
      packages: await countAllPackages(),
      lines: countLines(),
    }
  } finally {
    await stage.close()
  }
}

const fileOf = (folder: string, quick: boolean, ending: string): string =>
  join(folder, `${quick ? 'quick' : 'latest'}.${ending}`)

const writePages = (folder: string, found: Results): void => {
  writeFileSync(fileOf(folder, found.quick, 'md'), toMarkdown(found))
  const page = fileOf(folder, found.quick, 'html')
  writeFileSync(page, toHtml(found))
  console.log(relative('', page))
}

const main = async (asked: Arguments): Promise<void> => {
  const { out, quick, only, pages } = asked
  const figures = fileOf(out, quick, 'json')
  if (pages) return writePages(out, results.parse(JSON.parse(readFileSync(figures, 'utf8'))))
  const begun = Date.now()
  const found = results.parse(await measure(asked))
  console.log(`\n${toMarkdown(found)}`)
  console.log(`${Math.round((Date.now() - begun) / 1_000)} s in all`)
  // A part of the figures must not pass for all of them.
  if (only) return
  mkdirSync(out, { recursive: true })
  writeFileSync(figures, `${JSON.stringify(found, null, 2)}\n`)
  writePages(out, found)
}

const asked = readArguments(process.argv.slice(2))
if (asked === undefined) {
  console.log(HELP)
  process.exitCode = 2
} else {
  await main(asked).catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : error)
    process.exitCode = 1
  })
}
