import { Agent, request } from 'node:http'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { isMain } from '../../dev/is-main.js'
import { startProgram } from '../../dev/stack/spawn.js'
import type { Test } from './environment.js'
import { percentile } from './figures.js'

const orderSchema = z.object({
  url: z.url(),
  seconds: z.number(),
  connections: z.number(),
  /** Requests a second, whatever becomes of those before; where there is none, each connection asks as soon as it was answered. */
  perSecond: z.number().optional(),
})
export type Load = z.infer<typeof orderSchema>

const answersSchema = z.object({
  /** How many had each status; 0 stands for none. */
  statuses: z.record(z.string(), z.number()),
  /** Milliseconds from when it was due, of those with 200. */
  times: z.array(z.number()),
  /** Milliseconds of those that were refused. */
  refusals: z.array(z.number()),
})
export type Answers = z.infer<typeof answersSchema> & { readonly perSecond: number; readonly p99: number }

/** Asks from a process of its own: one that shares the asking with a test would measure the test. */
export const askFromOutside = async (t: Test, load: Load): Promise<Answers> => {
  const { child, ended } = await startProgram({
    ...{ name: 'open-load', role: 'app', command: process.execPath, graceMs: 1_000 },
    args: ['--import', 'tsx', fileURLToPath(import.meta.url), JSON.stringify(load)],
    stdio: ['ignore', 'pipe', 'inherit'],
    ledger: process.env['TEST_LEDGER'],
  })
  t.teardown(() => void child.kill('SIGKILL'))
  let text = ''
  child.stdout?.on('data', (chunk) => {
    text += String(chunk)
  })
  await ended
  const answers = answersSchema.parse(JSON.parse(text))
  const perSecond = Math.round(answers.times.length / load.seconds)
  return { ...answers, perSecond, p99: Math.round(percentile(answers.times, 99)) }
}

const REQUEST_LIMIT_MS = 20_000
const TICK_MS = 4

/** Connections are there before anything is measured: a balancer has had them open for long. */
const openConnections = async (agent: Agent, url: string): Promise<void> => {
  const open = () =>
    new Promise<void>((resolve, reject) => {
      request(new URL('/livez', url), { agent }, (answer) => answer.resume().on('end', resolve))
        .on('error', reject)
        .end()
    })
  await Promise.all(Array.from({ length: agent.maxSockets }, open))
}

/** Counts what comes of each request, from the moment it was due. */
const createAsker = (url: string, agent: Agent) => {
  const found = { statuses: {} as Record<number, number>, times: [] as number[], refusals: [] as number[] }
  const note = (status: number, due: number): void => {
    const took = Math.round((performance.now() - due) * 10) / 10
    found.statuses[status] = (found.statuses[status] ?? 0) + 1
    if (status === 200) found.times.push(took)
    else found.refusals.push(took)
  }
  const ask = (due: number) =>
    new Promise<void>((resolve) => {
      const end = (status: number) => {
        note(status, due)
        resolve()
      }
      const sent = request(url, { agent, timeout: REQUEST_LIMIT_MS }, (answer) => {
        answer.resume().on('end', () => end(answer.statusCode ?? 0))
        answer.on('error', () => end(0))
      })
      sent.on('timeout', () => sent.destroy(new Error('no answer')))
      sent.on('error', () => end(0))
      sent.end()
    })
  return { ask, found }
}

type Ask = (due: number) => Promise<void>

const askInTurn = async (ask: Ask, connections: number, over: number): Promise<void> => {
  const connection = async () => {
    while (performance.now() < over) await ask(performance.now())
  }
  await Promise.all(Array.from({ length: connections }, connection))
}

const askByTheClock = async (ask: Ask, perSecond: number, over: number): Promise<void> => {
  const begun = performance.now()
  const inHand = new Set<Promise<void>>()
  const dueAt = (index: number) => begun + (index / perSecond) * 1_000
  let index = 0
  while (performance.now() < over) {
    for (; dueAt(index) <= performance.now(); index += 1) {
      const one = ask(dueAt(index)).finally(() => inHand.delete(one))
      inHand.add(one)
    }
    await wait(TICK_MS)
  }
  await Promise.all(inHand)
}

const run = async (text: string): Promise<void> => {
  const { url, seconds, connections, perSecond } = orderSchema.parse(JSON.parse(text))
  const agent = new Agent({ keepAlive: true, maxSockets: connections, maxFreeSockets: connections })
  await openConnections(agent, url)
  const { ask, found } = createAsker(url, agent)
  const over = performance.now() + seconds * 1_000
  if (perSecond === undefined) await askInTurn(ask, connections, over)
  else await askByTheClock(ask, perSecond, over)
  agent.destroy()
  process.stdout.write(JSON.stringify(found))
}

if (isMain(import.meta.url)) await run(process.argv[2] ?? '')
