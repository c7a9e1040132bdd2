/**
 * The names that a user may have who is renamed by one client, one request after the other. What was refused or went
 * wrong may have been done before its answer, and is gone with the next one that is acknowledged. What was not answered
 * may be done at any time after: somebody on the way may still have it.
 */
export const createNames = () => {
  let possible: string[] = []
  const unanswered: string[] = []
  let count = 0
  return {
    next: (): string => {
      count += 1
      return `Buyer ${count}`
    },
    answered: (name: string, status: number): void => {
      const isUnanswered = status === 0 || status === 502 || status === 504
      if (isUnanswered) unanswered.push(name)
      possible = status === 200 ? [name, ...unanswered] : [...possible, name]
    },
    possible: (): readonly string[] => possible,
  }
}
