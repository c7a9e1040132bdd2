import { setTimeout as wait } from 'node:timers/promises'
import { migrate } from '../launch/programs.js'
import { atMost, type Finding, noted, seconds } from './findings.js'
import { EXIT_LIMIT_MS, type Member } from './members.js'
import { THIS_RELEASE } from './releases.js'
import type { Act } from './scenario.js'

const ROLLS = 10

/** One at a time, as a deploy does. @returns how long each took to end, milliseconds */
const replace = async (members: readonly Member[], root?: string, pauseMs = 0): Promise<number[]> => {
  const exits = []
  for (const member of members) {
    exits.push(await member.stop())
    await member.start(root)
    await wait(pauseMs)
  }
  return exits
}

const longestOf = (exits: readonly number[]): Finding =>
  atMost(
    `the slowest of ${exits.length} exits took`,
    seconds(Math.max(...exits)),
    EXIT_LIMIT_MS / 1_000,
    ' s',
  )

export const rollTenTimes = async ({ stage: { pods, workers } }: Act): Promise<Finding[]> => {
  const exits: number[] = []
  for (let roll = 1; roll <= ROLLS; roll += 1) {
    exits.push(...(await replace([...pods, ...workers])))
    console.log(`  roll ${roll} of ${ROLLS}`)
  }
  return [longestOf(exits)]
}

/** The new release's migration, then its workers, then its pods; old and new are beside each other all the time. */
export const releaseForward = async ({ stage, faultMs }: Act): Promise<Finding[]> => {
  const begun = Date.now()
  await migrate({ ...process.env, DATABASE_URL: stage.databaseUrl }, stage.area.ledger)
  const migrated = Date.now() - begun
  await wait(faultMs)
  const workers = await replace(stage.workers, THIS_RELEASE.root, faultMs)
  const pods = await replace(stage.pods, THIS_RELEASE.root, faultMs)
  return [noted(`the migration took ${seconds(migrated)} s under load`), longestOf([...workers, ...pods])]
}

/** The build of before on the tables of now, pods first, and then this one again. */
export const releaseBack = async ({
  stage: { pods, workers },
  faultMs,
  previous,
}: Act): Promise<Finding[]> => {
  if (previous === undefined) throw new Error('the release before was not built')
  const back = await replace([...pods, ...workers], previous.root, faultMs)
  const forth = await replace([...workers, ...pods], THIS_RELEASE.root)
  return [longestOf([...back, ...forth])]
}
