import { withClosings } from './closing.js'
import type { LoadOrder, LoadReport } from './load.js'
import type { LoadGenerator } from './load-generator.js'
import { cpuOf, rssOf } from './process-figures.js'
import { type CandidateId, type Measure, nameOf, type ScenarioResult } from './results.js'
import type { Scenario } from './scenarios.js'
import { type RunningServer, startServer } from './servers.js'
import type { Stage } from './stage.js'
import type { Tokens } from './tokens.js'

export interface Turns {
  readonly rounds: number
  readonly seconds: number
}

/** So many requests make V8 compile what is hot; a slow scenario gets so many turns for it. */
const WARM_REQUESTS = 2_000
const WARM_TURNS = 2

/** The rest may have expired during a turn. */
const HITS_ASKED = 0.99

export type ServerOf = (id: CandidateId) => Promise<RunningServer>

/** Starts what a scenario needs: the servers that run anyway, or its own where it wants them to be otherwise. */
const withServers = async <T>(
  stage: Stage,
  { candidates, environment }: Scenario,
  serverOf: ServerOf,
  work: (servers: readonly RunningServer[]) => Promise<T>,
): Promise<T> => {
  if (!environment) return work(await Promise.all(candidates.map(serverOf)))
  return withClosings(async (closings) => {
    const servers: RunningServer[] = []
    for (const id of candidates) {
      const server = await startServer(stage, id, environment)
      closings.push(server.stop)
      servers.push(server)
    }
    return work(servers)
  })
}

/** @throws Error when anything was answered wrongly, or nothing at all */
const requireRight = (where: string, { requests, faults }: LoadReport): void => {
  if (faults.length > 0 || requests === 0)
    throw new Error(`${where} was answered wrongly:\n${faults.join('\n')}`)
}

/** Compiled code, open connections and a full cache are what runs in production. @throws Error as a turn does */
export const warmUp = async (
  generator: LoadGenerator,
  { id, url }: Pick<RunningServer, 'url'> & { readonly id: string },
  { title }: Pick<Scenario, 'title'>,
  order: Omit<LoadOrder, 'url'>,
): Promise<void> => {
  let requests = 0
  for (let turn = 0; turn < WARM_TURNS && requests < WARM_REQUESTS; turn += 1) {
    const report = await generator.run({ url, ...order })
    requireRight(`${title} at ${id}, before it is measured,`, report)
    requests += report.requests
  }
}

const hitsOf = async ({ redis }: Pick<Stage, 'redis'>): Promise<number> =>
  Number(/keyspace_hits:(\d+)/.exec(await redis.info('stats'))?.[1])

/**
 * One candidate under load once.
 * @throws Error when an answer was wrong, or came past the cache where it is to come from there
 */
export const measureTurn = async (
  stage: Pick<Stage, 'redis'>,
  generator: LoadGenerator,
  server: Pick<RunningServer, 'url' | 'pid'> & { readonly id: string },
  scenario: Pick<Scenario, 'title' | 'fromCache'>,
  order: Omit<LoadOrder, 'url'>,
): Promise<Measure> => {
  const hits = await hitsOf(stage)
  const cpu = cpuOf(server.pid)
  const report = await generator.run({ url: server.url, ...order })
  const spent = cpuOf(server.pid) - cpu
  requireRight(`${scenario.title} at ${server.id}`, report)
  const { requests, seconds, p50, p99, misses } = report
  const fromRedis = (await hitsOf(stage)) - hits
  // Not the other way round: what is no number must fail, too. Not all who cache say so in x-cache, and hits may be others'.
  const isCached = Math.min(fromRedis, requests - misses) >= requests * HITS_ASKED
  if (scenario.fromCache && !isCached) {
    throw new Error(`${scenario.title} at ${server.id} was not answered from the cache`)
  }
  return {
    requests,
    requestsPerSecond: requests / seconds,
    p50,
    p99,
    cpuMicroseconds: spent / requests,
    rssMegabytes: rssOf(server.pid),
  }
}

const describe = (id: CandidateId, { requestsPerSecond, cpuMicroseconds, p99 }: Measure): string =>
  `${nameOf[id]} ${Math.round(cpuMicroseconds)} us, ${Math.round(requestsPerSecond)}/s, p99 ${Math.round(p99)} ms`

/** Lets the candidates of a scenario take turns: A B C, A B C, and so on, after turns that are not counted. */
export const measureScenario = async (
  stage: Stage,
  generator: LoadGenerator,
  tokens: Tokens,
  scenario: Scenario,
  serverOf: ServerOf,
  { rounds, seconds }: Turns,
): Promise<ScenarioResult> => {
  const { id, title, connections } = scenario
  return withServers(stage, scenario, serverOf, async (servers) => {
    await tokens.renew((await serverOf('ours')).url)
    const orderNow = () => ({ connections, seconds, exchanges: scenario.exchanges(stage, tokens.tokenOf) })
    for (const server of servers) await warmUp(generator, server, scenario, orderNow())
    const measured = servers.map((server) => ({ server, rounds: [] as Measure[] }))
    for (let round = 1; round <= rounds; round += 1) {
      await tokens.renew((await serverOf('ours')).url)
      const order = orderNow()
      for (const { server, rounds: turns } of measured) {
        turns.push(await measureTurn(stage, generator, server, scenario, order))
      }
      const line = measured.map(({ server, rounds: turns }) =>
        turns.slice(-1).map((m) => describe(server.id, m)),
      )
      console.log(`${title}, round ${round} of ${rounds}: ${line.join('; ')}`)
    }
    const candidates = measured.map(({ server, rounds: turns }) => ({ id: server.id, rounds: turns }))
    return { id, title, connections, candidates }
  })
}
