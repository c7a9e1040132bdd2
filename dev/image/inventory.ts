import { readdir, stat } from 'node:fs/promises'
import path from 'node:path'

export interface Entry {
  readonly name: string
  readonly files: number
  readonly bytes: number
}

const measure = async (file: string): Promise<Omit<Entry, 'name'>> => {
  const found = await stat(file)
  if (!found.isDirectory()) return { files: 1, bytes: found.size }
  const parts = await Promise.all((await readdir(file)).map((name) => measure(path.join(file, name))))
  return parts.reduce((sum, part) => ({ files: sum.files + part.files, bytes: sum.bytes + part.bytes }), {
    files: 0,
    bytes: 0,
  })
}

/** What lies in a folder, one entry for each file and folder, in bytes. */
export const inventory = async (folder: string): Promise<readonly Entry[]> => {
  const names = (await readdir(folder)).sort()
  return Promise.all(names.map(async (name) => ({ name, ...(await measure(path.join(folder, name))) })))
}
