import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { removeOldEntries } from './old-entries.js'

/** Longer than anybody works with a temporary file: what is older belongs to a process that was killed. */
export const ABANDONED_AFTER_MS = 60 * 60_000

export interface TemporaryFiles {
  /** Runs `work` with a folder of its own, which is gone afterwards whatever came of it. */
  readonly withFolder: <T>(work: (directory: string) => Promise<T>) => Promise<T>
  /** Removes what killed processes have left here. */
  readonly removeAbandoned: () => Promise<void>
}

/** Temporary folders below `root`; several processes may share it. */
export const createTemporaryFiles = (root: string): TemporaryFiles => ({
  withFolder: async (work) => {
    await mkdir(root, { recursive: true })
    const directory = await mkdtemp(join(root, 'work-'))
    try {
      return await work(directory)
    } finally {
      await rm(directory, { recursive: true, force: true })
    }
  },
  removeAbandoned: () => removeOldEntries(root, ABANDONED_AFTER_MS),
})
