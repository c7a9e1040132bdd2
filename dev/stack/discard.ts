import { existsSync, realpathSync, rmSync } from 'node:fs'
import { join } from 'node:path'

/** Removes a test run's directory, and its cluster as well where that had to be put elsewhere behind a link. */
export const discard = (dir: string): void => {
  const postgres = join(dir, 'postgres')
  if (existsSync(postgres)) rmSync(realpathSync(postgres), { recursive: true, force: true })
  rmSync(dir, { recursive: true, force: true })
}
