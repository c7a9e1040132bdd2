import { createServer, type Server } from 'node:http'
import { text } from 'node:stream/consumers'
import { z } from 'zod'
import type { Test } from './environment.js'
import { startPartner } from './partner.js'

const value = z.object({ stringValue: z.string().optional(), intValue: z.coerce.number().optional() })
const attributes = z.array(z.object({ key: z.string(), value }))
/** What of OTLP's JSON the tests look at. */
const request = z.object({
  resourceSpans: z.array(
    z.object({
      resource: z.object({ attributes }),
      scopeSpans: z.array(
        z.object({
          spans: z.array(
            z.object({
              traceId: z.string(),
              spanId: z.string(),
              parentSpanId: z.string().optional(),
              name: z.string(),
              kind: z.int(),
              attributes,
              status: z.object({ code: z.int().optional() }),
            }),
          ),
        }),
      ),
    }),
  ),
})

/** By OTLP's numbers. */
export const KINDS = { server: 2, client: 3, producer: 4, consumer: 5 } as const

export interface ReceivedSpan {
  readonly service: string
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId: string | undefined
  readonly name: string
  readonly kind: number
  readonly failed: boolean
  readonly attributes: Readonly<Record<string, string | number | undefined>>
}

export interface OtlpReceiver {
  /** For OTEL_EXPORTER_OTLP_ENDPOINT. */
  readonly url: string
  readonly spans: readonly ReceivedSpan[]
  readonly headers: readonly NodeJS.Dict<string | string[]>[]
  /** Everything that came, as it came. */
  readonly bodies: readonly string[]
}

const toRecord = (list: z.infer<typeof attributes>) =>
  Object.fromEntries(list.map(({ key, value: { stringValue, intValue } }) => [key, stringValue ?? intValue]))

const spansOf = (body: string): ReceivedSpan[] =>
  request.parse(JSON.parse(body)).resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans
      .flatMap(({ spans }) => spans)
      .map(({ status, attributes: list, parentSpanId, ...span }) => ({
        ...span,
        parentSpanId,
        service: String(toRecord(resource.attributes)['service.name']),
        failed: status.code === 2,
        attributes: toRecord(list),
      })),
  )

/** Receives traces as a collector does: OTLP over HTTP, in JSON. */
export const startOtlp = async (t: Test): Promise<OtlpReceiver> => {
  const received = { spans: [] as ReceivedSpan[], headers: [] as NodeJS.Dict<string | string[]>[] }
  const bodies: string[] = []
  const server: Server = createServer(async (incoming, response) => {
    const body = await text(incoming)
    bodies.push(body)
    received.headers.push(incoming.headers)
    if (incoming.url === '/v1/traces') received.spans.push(...spansOf(body))
    response.writeHead(200, { 'content-type': 'application/json' }).end('{}')
  })
  const { port } = await startPartner(t, server)
  return { url: `http://127.0.0.1:${port}`, ...received, bodies }
}
