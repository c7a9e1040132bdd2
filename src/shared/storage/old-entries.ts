import { readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'

/** Entries looked at in one go: a folder that was never cleared away must not fill the memory's working set. */
const MAX_ENTRIES = 1_000

/** Removes the files and folders in `directory` that nobody has written to for longer than `ms`. */
export const removeOldEntries = async (directory: string, ms: number): Promise<void> => {
  const names = await readdir(directory).catch(noneIfMissing)
  for (const name of names.slice(0, MAX_ENTRIES)) {
    const path = join(directory, name)
    const found = await stat(path).catch(() => undefined)
    if (found && found.mtimeMs < Date.now() - ms) await rm(path, { recursive: true, force: true })
  }
}

/** @throws whatever it was given, unless that says that there is no such file or folder */
export const noneIfMissing = (error: NodeJS.ErrnoException): [] => {
  if (error.code === 'ENOENT') return []
  throw error
}
