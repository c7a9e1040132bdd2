import type { Arguments } from './arguments.js'
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
import type { CandidateId, Results } from './results.js'
import { measureScenario } from './rounds.js'
import { findRuntime } from './runtime.js'
import { SCENARIOS } from './scenarios.js'
import { type RunningServer, startServer } from './servers.js'
import { openStage, POOL_MAX, SIZES, type Stage } from './stage.js'
import { createTokens } from './tokens.js'

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

/** All that was asked for: builds the programs and fills a database first. */
export const measure = async (asked: Arguments): Promise<Results> => {
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
