import { setTimeout as wait } from 'node:timers/promises'
import { type Account, findAdmin, findBystanders } from './accounts.js'
import { atMost, type Finding, seconds } from './findings.js'
import { type Answer, type Call, type Client, withClient } from './http-client.js'
import { until } from './limits.js'
import { logIn, PASSWORD } from './log-ins.js'
import type { Act } from './scenario.js'
import type { Stage } from './stage.js'

const MAIL_LIMIT_MS = 60_000
const MAX_SECONDS = 5
/** Longer than what is promised: a token that comes back to life in between is seen. */
const WATCHED_MS = 10_000

/** A session, and what ends it. */
interface Ending {
  readonly way: string
  readonly token: string
  readonly call: Call
  readonly expected: number
}

const askForReset = async ({ send }: Client, { url, mails }: Stage, email: string): Promise<string> => {
  await send({ method: 'POST', url: `${url}/v1/auth/password/forgot`, body: { email } })
  const token = await until(() => mails.tokenFor('Reset your password', email), MAIL_LIMIT_MS)
  if (token === undefined) throw new Error('the mail to reset a password did not come')
  return token
}

const endingsOf = async (
  client: Client,
  stage: Stage,
  [leaver, culprit, forgetter]: readonly Account[],
): Promise<Ending[]> => {
  if (!leaver || !culprit || !forgetter) throw new Error('there are too few users')
  const { url } = stage
  const token = await askForReset(client, stage, forgetter.email)
  const left = await logIn(client, url, leaver.email)
  const admin = await logIn(client, url, (await findAdmin(stage.databaseUrl)).email)
  const disable = { method: 'PATCH', url: `${url}/v1/users/${culprit.id}`, body: { disabled: true } } as const
  const reset = { url: `${url}/v1/auth/password/reset`, body: { token, password: PASSWORD } }
  return [
    {
      ...{ way: 'log-out', token: left, expected: 204 },
      call: { method: 'POST', url: `${url}/v1/auth/logout`, token: left },
    },
    {
      ...{ way: 'disabling', token: await logIn(client, url, culprit.email), expected: 200 },
      call: { ...disable, token: admin },
    },
    {
      ...{ way: 'password reset', token: await logIn(client, url, forgetter.email), expected: 204 },
      call: { method: 'POST', ...reset },
    },
  ]
}

const askPod = ({ send }: Client, podUrl: string, token: string): Promise<Answer> =>
  send({ method: 'GET', url: `${podUrl}/v1/users/me`, token })

/** Watches one pod. @returns the last moment at which it let the token in, or `from` */
const lastAccepted = async (client: Client, podUrl: string, token: string, from: number): Promise<number> => {
  let last = from
  while (Date.now() < from + WATCHED_MS) {
    const asked = Date.now()
    if ((await askPod(client, podUrl, token)).status !== 401) last = asked
    await wait(50)
  }
  return last
}

const endAndWatch = async (
  client: Client,
  { podUrls }: Stage,
  { way, token, call, expected }: Ending,
): Promise<Finding[]> => {
  const before = await Promise.all(podUrls.map((podUrl) => askPod(client, podUrl, token)))
  const { status, text } = await client.send(call)
  const from = Date.now()
  if (status !== expected) return [{ text: `${way} was answered with ${status} ${text}`, kept: false }]
  const last = await Promise.all(podUrls.map((podUrl) => lastAccepted(client, podUrl, token, from)))
  const known = before.every((answer) => answer.status === 200)
  const longest = atMost(
    `after ${way} a pod let the token in for`,
    seconds(Math.max(...last) - from),
    MAX_SECONDS,
    ' s',
  )
  return known ? [longest] : [longest, { text: `before ${way} a pod refused the token`, kept: false }]
}

const endAll = (act: Act, around: (work: () => Promise<Finding[]>) => Promise<Finding[]>) =>
  withClient(async (client) => {
    const endings = await endingsOf(client, act.stage, await findBystanders(act.stage.databaseUrl, 3))
    return around(async () =>
      (await Promise.all(endings.map((ending) => endAndWatch(client, act.stage, ending)))).flat(),
    )
  })

/** Log-out, an admin's disabling and a password reset, while each pod is asked with the token of before. */
export const sessionsEnd = (act: Act): Promise<Finding[]> => endAll(act, (work) => work())

/** The same without Redis, whose return the load then sees as well. */
export const sessionsEndWithoutRedis = (act: Act): Promise<Finding[]> =>
  endAll(act, async (work) => {
    const { running, startCache } = act.stage
    await running.redis.stop()
    try {
      await wait(act.faultMs)
      return await work()
    } finally {
      running.redis = await startCache()
    }
  })
