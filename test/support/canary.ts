import { createServer } from 'node:http'
import type { Test } from './environment.js'
import { startPartner } from './partner.js'

/** A server inside of our network that nobody may reach. */
export interface Canary {
  readonly port: number
  /** Connections: each is one too many, as some protocols do harm before there is a request. */
  readonly hits: () => number
}

/** Starts it on 127.0.0.1 and on ::1, on one port. */
export const startCanary = async (t: Test): Promise<Canary> => {
  const create = () => createServer((_request, response) => response.end('you should not be here'))
  const four = await startPartner(t, create())
  const six = await startPartner(t, create(), '::1', four.port)
  return { port: four.port, hits: () => four.connections() + six.connections() }
}
