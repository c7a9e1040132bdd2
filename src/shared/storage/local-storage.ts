import { randomUUID } from 'node:crypto'
import { constants, createReadStream } from 'node:fs'
import { copyFile, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { withDeadline } from '../deadline.js'
import { noneIfMissing, removeOldEntries } from './old-entries.js'
import { requireKey, type Storage, type StoredEntry } from './storage.js'

/** A disk that does not answer, such as a lost network share, keeps nobody waiting for longer. */
const TIMEOUT_MS = 10_000
const SHARD = /^[0-9a-f]{2}$/

/** On the disk for good before its name is: a power cut leaves the whole file or none. */
const flush = async (path: string): Promise<void> => {
  const file = await open(path, 'r+')
  try {
    await file.sync()
  } finally {
    await file.close()
  }
}

/** Keeps files below one folder. The API and the workers must see the same one. */
export const createLocalStorage = (root: string): Storage => {
  const unfinished = join(root, 'unfinished')
  const pathOf = (key: string): string => join(root, requireKey(key))
  const inTime = <T>(what: string, work: Promise<T>): Promise<T> =>
    withDeadline(`storage: ${what}`, TIMEOUT_MS, work)

  /** Copied beside its place and then renamed: a reader sees the old file or the new one. */
  const write = async (path: string, source: string): Promise<void> => {
    const part = join(unfinished, randomUUID())
    await mkdir(unfinished, { recursive: true })
    await mkdir(dirname(path), { recursive: true })
    try {
      await copyFile(source, part, constants.COPYFILE_FICLONE)
      await flush(part)
      await rename(part, path)
    } catch (error) {
      await rm(part, { force: true })
      throw error
    }
  }

  const entryOf = async (key: string): Promise<StoredEntry | undefined> => {
    const found = await stat(join(root, key)).catch(() => undefined)
    return found && { key, modifiedAt: found.mtime }
  }

  /** A file that is removed meanwhile is passed over: only who gets fewer than `limit` has come to the end. */
  const list = async (after: string, limit: number): Promise<StoredEntry[]> => {
    const shards = (await readdir(root).catch(noneIfMissing)).filter((name) => SHARD.test(name)).sort()
    const entries: StoredEntry[] = []
    for (const shard of shards.filter((name) => name >= after.slice(0, 2))) {
      const names = await readdir(join(root, shard)).catch(noneIfMissing)
      const keys = names.map((name) => `${shard}/${name}`).filter((key) => key > after)
      for (const key of keys.sort()) {
        const entry = await entryOf(key)
        if (entry) entries.push(entry)
        if (entries.length === limit) return entries
      }
    }
    return entries
  }

  return {
    put: (key, { path }) => inTime('put', write(pathOf(key), path)),
    open: async (key) => {
      const file = await inTime('open', open(pathOf(key), 'r')).catch(noneIfMissing)
      if (Array.isArray(file)) return undefined
      const { size } = await file.stat()
      return { stream: createReadStream('', { fd: file }), bytes: size }
    },
    remove: async (keys) => {
      await inTime('remove', Promise.all(keys.map((key) => rm(pathOf(key), { force: true }))))
    },
    list: (after = '', limit) => inTime('list', list(after, limit)),
    removeUnfinished: (ms) => inTime('clear', removeOldEntries(unfinished, ms)),
    close: async () => {},
  }
}
