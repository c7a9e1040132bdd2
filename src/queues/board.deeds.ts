import type { AsyncLocalStorage } from 'node:async_hooks'
import { unauthenticated } from '../shared/errors.js'
import type { OperationsService, Operator } from './operations.service.js'
import { jobNotFailed } from './queues.errors.js'
import { DEFAULT_PER_SECOND } from './queues.limits.js'

/**
 * What the page's buttons do. Who presses them is not among what the library hands on, so it goes by the request's own
 * context.
 */
export const createDeeds = (operationsService: OperationsService, operators: AsyncLocalStorage<Operator>) => {
  const operator = (): Operator => {
    const current = operators.getStore()
    if (!current) throw unauthenticated()
    return current
  }
  const requeue = (queue: string, ids?: string[]) =>
    operationsService.requeue(operator(), {
      queue,
      filter: ids ? { ids } : {},
      dryRun: false,
      perSecond: DEFAULT_PER_SECOND,
    })
  const discard = (queue: string, ids?: string[]) =>
    operationsService.discard(operator(), { queue, filter: ids ? { ids } : {}, dryRun: false })
  const refuse = async (): Promise<never> => {
    throw jobNotFailed()
  }
  return {
    requeue,
    of: (queue: string) => ({
      refuse,
      discardAll: async () => void (await discard(queue)),
      requeue: async (id: string) => {
        if ((await requeue(queue, [id])).done === 0) await refuse()
      },
      discard: async (id: string) => {
        if ((await discard(queue, [id])).done === 0) await refuse()
      },
    }),
  }
}
