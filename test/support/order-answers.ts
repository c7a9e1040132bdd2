import type { Outcome } from './order-clerk.js'
import { TARGETS } from './order-commands.js'
import { isStep, type StoredOrder } from './order-histories.js'
import { versionIn } from './versions.js'

type Moved = Extract<Outcome, { kind: 'moved' }>
type Placed = Extract<Outcome, { kind: 'placed' }>

/** Whether the history says that this caller did this to this version of the order. */
const isDone = ({ move, actor, named, answer }: Moved, { events }: StoredOrder): boolean => {
  const version = versionIn(answer.headers)
  const event = events[version - 1]
  return (
    event?.to === TARGETS[move.verb] &&
    event.actorId === actor.id &&
    answer.body.data.status === event.to &&
    (named === undefined || named === version - 1)
  )
}

/** Whether the order has been in the state that the refusal names, and there is no such step from there. */
const isRightlyRefused = ({ move, named, answer }: Moved, { events }: StoredOrder): boolean => {
  const { from, to } = answer.body
  const seen = events.filter((event) => named === undefined || event.version === named)
  return to === TARGETS[move.verb] && seen.some((event) => event.to === from) && !isStep(from, to)
}

/** Whether the order has had the version that the refusal names, which is not the one that was asked for. */
const isOutdated = ({ named, answer }: Moved, { version }: StoredOrder): boolean => {
  const current = versionIn(answer.headers)
  return named !== undefined && current !== named && current >= 1 && current <= version
}

const isRight = (moved: Moved, order: StoredOrder): boolean => {
  const { move, answer } = moved
  const said = `${answer.status} ${answer.body.code ?? ''}`.trim()
  if (move.by === 'stranger') return said === '404 order_not_found'
  if (move.ifMatch === 'stale') return said === '412 precondition_failed' && isOutdated(moved, order)
  if (said === '200') return isDone(moved, order)
  if (said === '409 invalid_transition') return isRightlyRefused(moved, order)
  return said === '412 precondition_failed' && isOutdated(moved, order)
}

interface Shortage {
  readonly requested: number
  readonly available: number
}

const isPlacedRightly = ({ buyer, answer }: Placed, orders: readonly StoredOrder[]): boolean => {
  const { status, body } = answer
  if (status === 201) return orders.some(({ id, userId }) => id === body.data.id && userId === buyer.id)
  const items: readonly Shortage[] = body.items ?? []
  return (
    status === 409 &&
    body.code === 'insufficient_stock' &&
    items.length > 0 &&
    items.every(({ requested, available }) => available >= 0 && requested > available)
  )
}

const faultOf = (outcome: Outcome, orders: readonly StoredOrder[]): string | undefined => {
  if (outcome.kind === 'expired') return undefined
  const { answer } = outcome
  const told = `${answer.status} ${answer.headers.get('etag')} ${answer.text}`
  if (outcome.kind === 'placed') return isPlacedRightly(outcome, orders) ? undefined : `placed: ${told}`
  const order = orders.find(({ id }) => id === outcome.orderId)
  const { verb, by, ifMatch } = outcome.move
  return order && isRight(outcome, order) ? undefined : `${verb} by ${by}, If-Match ${ifMatch}: ${told}`
}

/** How many events were answered for, against how many there are. */
const countFaults = (outcomes: readonly Outcome[], orders: readonly StoredOrder[]): string[] => {
  const events = orders.flatMap((order) => order.events)
  const done = outcomes.filter((outcome) => outcome.kind !== 'expired' && outcome.answer.status < 300).length
  const expired = outcomes.reduce((sum, outcome) => sum + (outcome.kind === 'expired' ? outcome.count : 0), 0)
  const byService = events.filter(({ actorId }) => actorId === null)
  return [
    ...(byService.length === expired && byService.every(({ to }) => to === 'expired')
      ? []
      : [`${expired} expired, and ${byService.length} events say so`]),
    ...(events.length - byService.length === done ? [] : [`${done} successes, of ${events.length} events`]),
  ]
}

/** What the clients were told that the stored histories do not bear out. */
export const answerFaults = (outcomes: readonly Outcome[], orders: readonly StoredOrder[]): string[] => [
  ...outcomes.flatMap((outcome) => faultOf(outcome, orders) ?? []),
  ...countFaults(outcomes, orders),
]
