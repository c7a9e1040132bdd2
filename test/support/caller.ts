import { Agent } from 'node:http'
import type { Call } from './app.js'
import type { Test } from './environment.js'
import { createCall } from './world.js'

/** A client with an address of its own: all of 127.0.0.0/8 is this machine. */
export interface Caller {
  readonly address: string
  readonly to: (url: string) => Call
}

const LOCAL = '127.0.0.1'
/** For who sends hundreds at once: a connection costs more than a request. */
const CONNECTIONS = 16

/** Calls as `createCall` does, from that address, over connections that are kept until the test is over. */
export const createCaller = (t: Test, address = LOCAL): Caller => {
  const agent = new Agent({ keepAlive: true, localAddress: address, maxSockets: CONNECTIONS })
  t.teardown(() => agent.destroy())
  return { address, to: (url) => createCall(url, agent) }
}

/** So many of them, on the addresses 127.0.`net`.1 and on. */
export const createCallers = (t: Test, net: number, count: number): Caller[] =>
  Array.from({ length: count }, (_, i) => createCaller(t, `127.0.${net}.${i + 1}`))
