import type { Answer, Call } from './app.js'
import { type Member, nth } from './crowd.js'
import type { Command, Move, Place } from './order-commands.js'
import { versionIn } from './versions.js'

export interface Shop {
  readonly call: Call
  readonly buyers: readonly Member[]
  readonly admin: Member
  readonly products: readonly string[]
  /** Expires up to so many of the placed orders, as a worker does. @returns how many it was */
  readonly expire: (limit: number) => Promise<number>
}

/** What came of a command. */
export type Outcome =
  | { readonly kind: 'placed'; readonly buyer: Member; readonly answer: Answer }
  | {
      readonly kind: 'moved'
      readonly move: Move
      readonly orderId: string
      readonly actor: Member
      /** The version that If-Match named. */
      readonly named: number | undefined
      readonly answer: Answer
    }
  | { readonly kind: 'expired'; readonly count: number }

/** An order that was placed, and by which buyer. */
interface Known {
  readonly id: string
  readonly buyer: number
}

/** Does what is asked for, in a shop whose orders all clients know. */
export const createClerk = ({ call, buyers, admin, products, expire }: Shop) => {
  const known: Known[] = []
  const outcomes: Outcome[] = []

  const doPlace = async ({ buyer, items }: Place): Promise<Outcome> => {
    const body = {
      items: items.map(({ product, quantity }) => ({ productId: nth(products, product), quantity })),
    }
    const answer = await call('POST', '/v1/orders', { token: nth(buyers, buyer).token, body })
    if (answer.status === 201) known.push({ id: answer.body.data.id, buyer })
    return { kind: 'placed', buyer: nth(buyers, buyer), answer }
  }

  const doMove = async (move: Move): Promise<Outcome | undefined> => {
    const target = known[move.order % Math.max(1, known.length)]
    if (!target) return undefined
    const { id, buyer } = target
    const actor = move.by === 'admin' ? admin : nth(buyers, move.by === 'owner' ? buyer : 1 - buyer)
    const path = `/v1/orders/${id}`
    const current =
      move.ifMatch === 'absent'
        ? undefined
        : versionIn((await call('GET', path, { token: admin.token })).headers)
    const named = current !== undefined && move.ifMatch === 'stale' ? current - 1 : current
    const answer = await call('POST', `${path}/${move.verb}`, {
      token: actor.token,
      headers: named === undefined ? {} : { 'if-match': `"${named}"` },
    })
    return { kind: 'moved', move, orderId: id, actor, named, answer }
  }

  const perform = async (command: Command): Promise<void> => {
    if (command.kind === 'place') outcomes.push(await doPlace(command))
    else if (command.kind === 'expire') outcomes.push({ kind: 'expired', count: await expire(command.limit) })
    else {
      const outcome = await doMove(command)
      if (outcome) outcomes.push(outcome)
    }
  }
  return { outcomes, perform }
}
