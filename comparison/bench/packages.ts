import { existsSync, readFileSync } from 'node:fs'
import { lstat, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { ROOT } from '../../dev/testing/checks.js'
import type { Results } from './results.js'

const lockfile = z.object({
  packages: z.record(z.string(), z.object({ dev: z.boolean().optional(), link: z.boolean().optional() })),
})

const BYTES_IN_MEGABYTE = 1_000_000

/** What a package itself takes, without those that lie in it. */
const bytesIn = async (folder: string): Promise<number> => {
  const entries = await readdir(folder, { withFileTypes: true })
  const sizes = entries
    .filter(({ name }) => name !== 'node_modules')
    .map(async (entry) => {
      const path = join(folder, entry.name)
      return entry.isDirectory() ? bytesIn(path) : (await lstat(path)).size
    })
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0)
}

/** The packages that `npm ci --omit=dev` leaves in a project, and their size on the disk. */
const countPackages = async (project: string) => {
  const { packages } = lockfile.parse(JSON.parse(readFileSync(join(project, 'package-lock.json'), 'utf8')))
  const folders = Object.entries(packages)
    .filter(([path, { dev, link }]) => path !== '' && !dev && !link)
    .map(([path]) => join(project, path))
    // What is for another system was not installed.
    .filter((folder) => existsSync(folder))
  let bytes = 0
  for (const folder of folders) bytes += await bytesIn(folder)
  return { count: folders.length, megabytes: bytes / BYTES_IN_MEGABYTE }
}

/** Both adapters of the baseline are in one project. */
export const countAllPackages = async (): Promise<Results['packages']> => [
  { id: 'ours', ...(await countPackages(ROOT)) },
  { id: 'nest-express', ...(await countPackages(join(ROOT, 'comparison', 'nest'))) },
]
