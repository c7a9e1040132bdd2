/**
 * Waits for statements of one transaction that were sent one behind the other, without waiting in between: one round trip in
 * place of many. The driver keeps their order, and Postgres runs none behind one that failed, so nothing is done that
 * waiting would have left undone. Ad hoc queries are sent a little later than defined statements: do not mix the two.
 * @throws what the first of them threw that failed; the others only tell that the transaction is aborted
 */
export const pipelined = async <Results extends readonly unknown[]>(
  statements: readonly [...{ [At in keyof Results]: Promise<Results[At]> }],
): Promise<Results> => {
  const outcomes = await Promise.allSettled(statements)
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason
  return Promise.all(statements) as Promise<Results>
}
