import { markdownTable } from '../report/markdown.js'
import { circumstancesOf, spread } from '../report/words.js'
import { ENDS, layerRowsOf } from './figures.js'
import { LAYERS } from './layers.js'
import type { LayerResults } from './results.js'

const microseconds = (value: number): string => value.toFixed(1)
const percent = (share: number | undefined): string =>
  share === undefined ? '' : `${Math.round(share * 100)} %`

const LEAD =
  'What each layer of the path of `GET /v1/users/:id` costs in Unnest: processor time of the server a request, user and system, in microseconds. ' +
  'Each row is a server of its own, with one layer more than the row that it stands on; they took turns. Each figure is the median of the rounds, then the ' +
  'lowest and the highest. What a layer adds is taken within each round, so that small layers may come out below nothing: then they cost less than the machine is steady.'

const WORDS = [
  'Before the serialiser’s row the object is written with JSON.stringify. Before the query’s row it is a constant.',
  'The row of the signature stands beside the path: what whoever sees a token for the first time pays beyond the row above it.',
  'The access check also looks whether the session has ended, in memory. The general limit is one command to Redis, and so is the look-up of the cache.',
  'The service as it is has all other routes beside this one; with its cache off the request also passes the cache’s two hooks, which say so in a header. There is nothing else in it that this request passes.',
  'There is no row for OpenTelemetry: the service has none yet, only the W3C trace context.',
]

/** The figures as text. */
export const layersPage = (results: LayerResults): string =>
  [
    '# What each layer costs',
    LEAD,
    markdownTable({
      head: ['layer', 'so far, µs', 'added, µs', 'of an answer from the cache', 'of one that is made'],
      rows: layerRowsOf(results).map(({ id, total, added, shares }) => [
        LAYERS[id].title,
        spread(total, microseconds),
        spread(added, microseconds),
        ...ENDS.map((end) => percent(shares[end])),
      ]),
    }),
    '## What to know',
    WORDS.map((text) => `- ${text}`).join('\n'),
    '## How it was made',
    circumstancesOf(results)
      .map((text) => `- ${text}`)
      .join('\n'),
    '`npm run bench:layers` makes this file.\n',
  ].join('\n\n')
