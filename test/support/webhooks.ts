import { Webhook } from 'standardwebhooks'
import type { Call, World } from './app.js'
import type { Test } from './environment.js'
import type { Account } from './factories.js'
import type { Received } from './receiver.js'
import { until } from './until.js'
import { createWorkerCradle } from './worker-cradle.js'

/** The variables of a world whose receivers are on this machine. */
export const RECEIVERS_HERE = { WEBHOOK_ALLOW_PRIVATE: 'true' } as const

export interface MadeWebhook {
  readonly id: string
  readonly secret: string
}

export const makeWebhook = async (
  call: Call,
  { token }: Pick<Account, 'token'>,
  url: string,
  events: readonly string[] = ['order.placed'],
): Promise<MadeWebhook> => {
  const { status, text, body } = await call('POST', '/v1/webhooks', { token, body: { url, events } })
  if (status !== 201) throw new Error(`no webhook: ${text}`)
  return body.data
}

/** Verifies as a stranger would. @returns the body @throws when it is not signed with that secret */
export const verify = (secret: string, { body, headers }: Received): unknown =>
  new Webhook(secret).verify(body, { ...headers })

/** Queues a test event. @returns the delivery's id */
export const sendTest = async (call: Call, token: string, webhookId: string): Promise<string> => {
  const { status, text, body } = await call('POST', `/v1/webhooks/${webhookId}/test`, { token })
  if (status !== 202) throw new Error(`no test: ${text}`)
  return body.data.id
}

/** What the owner reads of a delivery. */
export const readDelivery = async (call: Call, token: string, webhookId: string, id: string) =>
  (await call('GET', `/v1/webhooks/${webhookId}/deliveries/${id}`, { token })).body.data

export const untilDelivery = (
  call: Call,
  token: string,
  webhookId: string,
  id: string,
  isThere: (delivery: Awaited<ReturnType<typeof readDelivery>>) => boolean,
) =>
  until('the delivery', async () => {
    const delivery = await readDelivery(call, token, webhookId, id)
    return isThere(delivery) && delivery
  })

/** What a worker throws at the end of a try; undefined when the job is over. */
export interface Outcome {
  readonly name: string
  readonly message: string
  readonly delayMs?: number
}

/** Makes one try as a worker does, whenever it is asked to. */
export const createTries = (t: Test, world: World) => {
  const { triesService } = createWorkerCradle(t, world).cradle
  return (deliveryId: string, round = 1): Promise<Outcome | undefined> =>
    triesService.tryDelivery({ deliveryId, round }).then(
      () => undefined,
      (outcome: Outcome) => outcome,
    )
}
