const POLL_MS = 1_000

/**
 * Calls back once when the npm that runs this program has gone: the shell between npm and us dies of the signal that
 * npm sends it, without passing it on. Does nothing for a program that was not started by npm.
 */
export const onNpmGone = (onGone: () => void): void => {
  const { npm_lifecycle_event } = process.env
  if (npm_lifecycle_event === undefined) return
  const parent = process.ppid
  const timer = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(timer)
    onGone()
  }, POLL_MS)
  timer.unref()
}
