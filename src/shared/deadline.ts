/** A wait that took longer than it may. */
export class DeadlineError extends Error {
  override readonly name = 'DeadlineError'
}

/**
 * Waits for `work` at most `ms` milliseconds. The work itself goes on: this bounds the waiting, for
 * clients whose own calls cannot be cancelled.
 * @throws DeadlineError that names `what` was waited for.
 */
export const withDeadline = async <T>(what: string, ms: number, work: Promise<T>): Promise<T> => {
  let timer: NodeJS.Timeout | undefined
  const deadline = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new DeadlineError(`${what} took longer than ${ms} ms`)), ms)
  })
  try {
    return await Promise.race([work, deadline])
  } finally {
    clearTimeout(timer)
  }
}
