import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { type ClientOptions, WebSocket } from 'ws'
import { type RealtimeMessage, realtimeMessage } from '../../src/realtime/realtime.schemas.js'
import { toBody } from '../contract/support/client.js'
import type { Answer, World } from './app.js'
import type { Test } from './environment.js'
import { until } from './until.js'

export interface SocketOptions {
  /** Goes into the Authorization header. */
  readonly token?: string
  readonly protocols?: readonly string[]
  readonly lastEventId?: string
  readonly headers?: Readonly<Record<string, string>>
  /** Answers no heartbeat. */
  readonly autoPong?: boolean
}

/** What a socket was closed with; 1006: cut off without a word. */
export interface Closing {
  readonly code: number
  readonly reason: string
}

export interface Client {
  readonly socket: WebSocket
  /** Everything that has come, in its order and of a form that the service promises. */
  readonly messages: RealtimeMessage[]
  /** The ids of the events among them. */
  readonly eventIds: () => string[]
  /** The id of the first message, which says where the events begin. */
  readonly begun: () => Promise<string>
  readonly untilEvents: (count: number, limitMs?: number) => Promise<readonly EventMessage[]>
  readonly closed: Promise<Closing>
}

export type EventMessage = Extract<RealtimeMessage, { data: unknown }>

const addressOf = (url: string, lastEventId?: string): string =>
  `${url.replace(/^http/, 'ws')}/v1/realtime${lastEventId === undefined ? '' : `?lastEventId=${lastEventId}`}`

const connect = (t: Test, url: string, options: SocketOptions): WebSocket => {
  const { token, protocols = [], lastEventId, headers, autoPong = true } = options
  const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` }
  const clientOptions = { headers: { ...authorization, ...headers }, autoPong, perMessageDeflate: false }
  const socket = new WebSocket(
    addressOf(url, lastEventId),
    [...protocols],
    // The option that the library's types do not know is for a client that is broken.
    clientOptions as ClientOptions,
  )
  t.teardown(() => socket.terminate())
  return socket
}

const isEvent = (message: RealtimeMessage): message is EventMessage => 'data' in message

/** Opens a socket. @throws Error when it is refused */
export const openSocket = async (t: Test, url: string, options: SocketOptions): Promise<Client> => {
  const socket = connect(t, url, options)
  const messages: RealtimeMessage[] = []
  socket.on('message', (data) => messages.push(realtimeMessage.parse(JSON.parse(String(data)))))
  const closed = new Promise<Closing>((resolve) => {
    socket.once('close', (code, reason) => resolve({ code, reason: String(reason) }))
  })
  await once(socket, 'open')
  socket.on('error', () => {})
  const events = () => messages.filter(isEvent)
  return {
    socket,
    messages,
    closed,
    eventIds: () => events().map(({ id }) => id),
    begun: () =>
      until('the first message', () => {
        const [first] = messages
        return first && 'id' in first ? first.id : undefined
      }),
    untilEvents: (count, limitMs) =>
      until(`${count} events`, () => events().length >= count && events(), limitMs),
  }
}

/** Asks for a socket, and closes it if it is given. @returns what it was answered with; 101 where it is given */
export const askForSocket = async (t: Test, url: string, options: SocketOptions): Promise<Answer> => {
  const socket = connect(t, url, options)
  socket.on('error', () => {})
  const response = await new Promise<IncomingMessage>((resolve) => {
    socket.once('upgrade', resolve)
    socket.once('unexpected-response', (_request, refusal) => resolve(refusal))
  })
  let text = ''
  if (response.statusCode !== 101) for await (const chunk of response) text += chunk
  socket.terminate()
  const headers = new Headers(
    Object.entries(response.headers).map(([name, value]): [string, string] => [name, String(value)]),
  )
  return { status: response.statusCode ?? 0, headers, text, body: toBody(text) }
}

/** Writes events as the service does, for whom no order need be placed; `bytes` makes each as large. */
export const recordEvents = async (
  { database: { sql } }: World,
  userId: string,
  count: number,
  bytes = 0,
): Promise<void> => {
  await sql.begin(async (transaction) => {
    const [stream] = await transaction<{ last: number }[]>`
      insert into realtime_streams as stream (user_id, last_number) values (${userId}, ${count})
      on conflict (user_id) do update set last_number = stream.last_number + ${count}
      returning (last_number - ${count})::int as last`
    await transaction`
      insert into realtime_events (user_id, number, key, type, data, occurred_at)
      select ${userId}, ${stream?.last ?? 0} + n, gen_random_uuid(), 'order.placed',
        json_build_object('text', repeat('x', ${bytes})), now()
      from generate_series(1, ${count}) n`
  })
}
