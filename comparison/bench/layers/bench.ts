import { startLoadGenerator } from '../load-generator.js'
import { API_PROGRAMS, LAYERS_PROGRAM } from '../programs.js'
import type { Measure } from '../results.js'
import { measureTurn, type Turns, warmUp } from '../rounds.js'
import { SCENARIOS } from '../scenarios.js'
import { apiEnvironment, type Listening, startApi } from '../servers.js'
import { runShort } from '../short-run.js'
import type { Stage } from '../stage.js'
import { createTokens } from '../tokens.js'
import { LAYER_IDS, type LayerId } from './layers.js'
import { layersPage } from './page.js'
import { type LayerResults, layerResults } from './results.js'

/* `npm run bench:layers`: what each layer of the request path costs. */

const SCENARIO = 'profile-hit'
const FROM_CACHE: readonly LayerId[] = ['cache', 'whole-hit']

/** The ends are the built service itself; all else is made of its parts. */
const startLayer = (stage: Stage, id: LayerId): Promise<Listening> => {
  const environment = apiEnvironment(stage, 'ours')
  if (id === 'whole-hit') return startApi(stage, id, API_PROGRAMS.ours, environment)
  if (id === 'whole')
    return startApi(stage, id, API_PROGRAMS.ours, { ...environment, CACHE_ENABLED: 'false' })
  return startApi(stage, id, LAYERS_PROGRAM, { ...environment, LAYER: id })
}

interface Candidate extends Listening {
  readonly id: LayerId
  readonly rounds: Measure[]
}

const takeTurns = async (stage: Stage, candidates: readonly Candidate[], { rounds, seconds }: Turns) => {
  const scenario = SCENARIOS.find(({ id }) => id === SCENARIO)
  const service = candidates.find(({ id }) => id === 'whole')
  if (!scenario || !service) throw new Error(`${SCENARIO} cannot be measured`)
  const generator = await startLoadGenerator(stage)
  try {
    const tokens = createTokens(stage)
    const orderNow = async () => {
      await tokens.renew(service.url)
      return {
        connections: scenario.connections,
        seconds,
        exchanges: scenario.exchanges(stage, tokens.tokenOf),
      }
    }
    for (const candidate of candidates) {
      console.log(`warming up: ${candidate.id}`)
      await warmUp(generator, candidate, scenario, await orderNow())
    }
    for (let round = 1; round <= rounds; round += 1) {
      const order = await orderNow()
      for (const server of candidates) {
        const what = { title: scenario.title, fromCache: FROM_CACHE.includes(server.id) }
        server.rounds.push(await measureTurn(stage, generator, server, what, order))
      }
      const line = candidates.map(({ id, rounds: all }) => `${id} ${all.at(-1)?.cpuMicroseconds.toFixed(1)}`)
      console.log(`round ${round} of ${rounds}, µs: ${line.join('; ')}`)
    }
  } finally {
    await generator.stop()
  }
}

const measure = async (stage: Stage, turns: Turns): Promise<Pick<LayerResults, 'layers'>> => {
  const candidates: Candidate[] = []
  try {
    for (const id of LAYER_IDS) candidates.push({ id, ...(await startLayer(stage, id)), rounds: [] })
    await takeTurns(stage, candidates, turns)
    return { layers: candidates.map(({ id, rounds }) => ({ id, rounds })) }
  } finally {
    for (const { stop } of candidates) await stop()
  }
}

await runShort({
  name: 'layers',
  usual: { rounds: 7, seconds: 1 },
  schema: layerResults,
  measure,
  page: layersPage,
})
