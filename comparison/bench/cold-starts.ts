import { type CandidateId, nameOf, type Results } from './results.js'
import { startServer } from './servers.js'
import type { Stage } from './stage.js'

const CANDIDATES: readonly CandidateId[] = ['ours', 'nest-express', 'nest-fastify']

/**
 * How long each takes from the start of its process to its first answer. Each is started once before, which is not counted:
 * whoever comes first would else read the disk for all that come after.
 */
export const measureColdStarts = async (stage: Stage, rounds: number): Promise<Results['coldStarts']> => {
  const starts = CANDIDATES.map((id) => ({ id, milliseconds: [] as number[] }))
  for (const { id } of starts) await (await startServer(stage, id)).stop()
  for (let round = 1; round <= rounds; round += 1) {
    for (const { id, milliseconds } of starts) {
      const { startMilliseconds, stop } = await startServer(stage, id)
      milliseconds.push(startMilliseconds)
      await stop()
    }
    const line = starts.map(({ id, milliseconds: all }) => `${nameOf[id]} ${Math.round(all.at(-1) ?? 0)} ms`)
    console.log(`start, round ${round} of ${rounds}: ${line.join('; ')}`)
  }
  return starts
}
