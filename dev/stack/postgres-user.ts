import { execFileSync } from 'node:child_process'
import { realpathSync, statSync } from 'node:fs'
import { dirname } from 'node:path'

export interface User {
  readonly uid: number
  readonly gid: number
}

/** Postgres refuses to run as root; this is the account that every distribution's package uses as well. */
export const USER_NAME = 'postgres'

const LIMIT_MS = 10_000

/** The account `postgres`, made when missing. Needs root. */
export const ensureUser = (): User => {
  const known = findUser()
  if (known !== undefined) return known
  const options = ['--system', '--user-group', '--no-create-home', '--shell', '/usr/sbin/nologin']
  execFileSync('useradd', [...options, USER_NAME], { stdio: 'pipe', timeout: LIMIT_MS })
  const made = findUser()
  if (made === undefined) throw new Error(`useradd made no user ${USER_NAME}`)
  return made
}

/** Whether a user may enter all directories of an existing path, and read and run the path if it is a file. */
export const canReach = (user: User, path: string): boolean => {
  const real = realpathSync(path)
  if (!permits(user, real, statSync(real).isDirectory() ? 0o1 : 0o5)) return false
  for (let folder = dirname(real); ; folder = dirname(folder)) {
    if (!permits(user, folder, 0o1)) return false
    if (folder === dirname(folder)) return true
  }
}

const findUser = (): User | undefined => {
  try {
    return { uid: numericId('-u'), gid: numericId('-g') }
  } catch {
    return undefined
  }
}

const numericId = (flag: string): number =>
  Number(execFileSync('id', [flag, USER_NAME], { stdio: 'pipe', timeout: LIMIT_MS }))

/** Knows owner, group and others; access lists can make it wrong, and Postgres then says so itself. */
const permits = ({ uid, gid }: User, path: string, wanted: number): boolean => {
  const stats = statSync(path)
  const shift = stats.uid === uid ? 6 : stats.gid === gid ? 3 : 0
  return ((stats.mode >> shift) & wanted) === wanted
}
