import { preconditionFailed } from './errors.js'

/** The versions of a resource that a caller is willing to change; undefined when any will do. */
export type VersionCheck = readonly number[] | undefined

/** @throws precondition_failed, with the current version, when it is not among the expected ones */
export const requireVersion = (expected: VersionCheck, currentVersion: number): void => {
  if (expected && !expected.includes(currentVersion)) throw preconditionFailed({ facts: { currentVersion } })
}
