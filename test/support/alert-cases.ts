/*
 * What Prometheus has seen, and whether an alert must come of it. Values are one a minute, in promtool's notation: `0+2x20` is 0
 * and two more in each of twenty minutes, `_x5` is nothing. Longer than a file should be: the cases read best as one table.
 */

type Series = Readonly<Record<string, string>>

export interface AlertCase {
  readonly alert: string
  readonly when: string
  readonly series: Series
  /** Minutes from the beginning: when it fires, or since when it never does. */
  readonly at: number
  readonly firing?: { readonly labels: Series; readonly summary: string }
}

const API = { job: 'unnest-api', instance: 'a' }
const WORKER = { job: 'unnest-worker', instance: 'w' }

const shown =
  (of: Series) =>
  (name: string, values: string, labels: Series = {}): Series => {
    const all = Object.entries({ ...of, ...labels }).map(([label, value]) => `${label}="${value}"`)
    return { [`${name}{${all.join()}}`]: values }
  }
const api = shown(API)
const worker = shown(WORKER)

const answers = (route: string, status: string, values: string): Series =>
  api('unnest_http_request_seconds_count', values, { route, status })

/** Of as many requests a minute, how many were answered within a second, the others within five. */
const times = (route: string, status: string, all: number, quick: number): Series => {
  const bucket = (le: string, step: number) =>
    api('unnest_http_request_seconds_bucket', `0+${step}x30`, { route, status, le })
  return { ...bucket('1', quick), ...bucket('5', all), ...bucket('+Inf', all) }
}

const HOUR = 60

const processes: readonly AlertCase[] = [
  {
    alert: 'UnnestDown',
    when: 'a process cannot be scraped',
    series: api('up', '0x30'),
    at: 2,
    firing: { labels: API, summary: 'unnest-api a cannot be scraped' },
  },
  { alert: 'UnnestDown', when: 'one scrape fails', series: api('up', '1 1 0 1x30'), at: 0 },
  {
    alert: 'UnnestNoApi',
    when: 'every one is down',
    series: api('up', '0x30'),
    at: 2,
    firing: { labels: {}, summary: 'No API process can be scraped as unnest-api' },
  },
  {
    alert: 'UnnestNoApi',
    when: 'the scrape job has another name',
    series: api('up', '1x30', { job: 'unnest/api' }),
    at: 2,
    firing: { labels: {}, summary: 'No API process can be scraped as unnest-api' },
  },
  {
    alert: 'UnnestNoApi',
    when: 'one of two is up',
    series: { ...api('up', '0x30'), ...api('up', '1x30', { instance: 'b' }) },
    at: 0,
  },
  {
    alert: 'UnnestNoWorker',
    when: 'there is none',
    series: api('up', '1x30'),
    at: 5,
    firing: { labels: {}, summary: 'No worker can be scraped as unnest-worker' },
  },
  { alert: 'UnnestNoWorker', when: 'one is up', series: worker('up', '1x30'), at: 0 },
  {
    alert: 'UnnestRestarts',
    when: 'a process starts again and again',
    series: worker('process_start_time_seconds', '1 2 3 4x30'),
    at: 5,
    firing: { labels: WORKER, summary: 'unnest-worker w started 3 times in a quarter of an hour' },
  },
  {
    alert: 'UnnestRestarts',
    when: 'a release replaces each pod',
    series: Object.assign(
      {},
      ...['a', 'b', 'c', 'd'].map((instance, at) =>
        api('process_start_time_seconds', `_x${at + 1} ${at}x30`, { instance }),
      ),
    ),
    at: 0,
  },
  {
    alert: 'UnnestEventLoopLate',
    when: 'it stays late',
    series: api('nodejs_eventloop_lag_p99_seconds', '0.3x30'),
    at: 5,
    firing: { labels: API, summary: 'The event loop of unnest-api a is 300ms late' },
  },
  {
    alert: 'UnnestEventLoopLate',
    when: 'it was late for a moment',
    series: api('nodejs_eventloop_lag_p99_seconds', '0.01x3 2x3 0.01x30'),
    at: 0,
  },
]

/** One in a hundred of all answers would be no more than probes' part. */
const probes = { ...answers('/readyz', '2xx', '0+300x30'), ...answers('/livez', '2xx', '0+300x30') }

const requests: readonly AlertCase[] = [
  {
    alert: 'UnnestErrorRate',
    when: 'two in a hundred orders fail, beside many probes',
    series: {
      ...probes,
      ...answers('/v1/orders', '2xx', '0+98x30'),
      ...answers('/v1/orders', '5xx', '0+2x30'),
    },
    at: 10,
    firing: { labels: {}, summary: '2% of all requests fail' },
  },
  {
    alert: 'UnnestErrorRate',
    when: 'pods that end say so to probes, on a quiet day',
    series: {
      ...answers('/readyz', '2xx', '0+96x30'),
      ...answers('/readyz', '5xx', '0+4x30'),
      ...answers('/v1/products', '2xx', '0+10x30'),
    },
    at: 0,
  },
  {
    alert: 'UnnestSlow',
    when: 'two in a hundred take more than a second, beside many quick probes',
    series: { ...times('/v1/orders', '2xx', 100, 98), ...times('/readyz', '2xx', 1000, 1000) },
    at: 15,
    firing: { labels: {}, summary: 'One request in a hundred takes longer than 3s' },
  },
  ...['/v1/uploads', '/v1/uploads/:id/content', '/v1/media/:id'].map(
    (route): AlertCase => ({
      alert: 'UnnestSlow',
      when: `a client's line is slow: ${route}`,
      series: { ...times('/v1/orders', '2xx', 100, 100), ...times(route, '2xx', 10, 0) },
      at: 0,
    }),
  ),
  {
    alert: 'UnnestSlow',
    when: 'clients that do not read are cut off',
    series: { ...times('/v1/products', '2xx', 100, 100), ...times('/v1/products', 'abandoned', 10, 0) },
    at: 0,
  },
  {
    alert: 'UnnestOverload',
    when: 'two a second are refused',
    series: api('unnest_http_shed_total', '0+120x30', { by: 'pool', priority: 'low' }),
    at: 8,
    firing: { labels: { by: 'pool' }, summary: '2 requests a second are refused, for the pool is too busy' },
  },
  {
    alert: 'UnnestOverload',
    when: 'a burst was refused',
    series: api('unnest_http_shed_total', '0x5 200x30', { by: 'loop', priority: 'low' }),
    at: 0,
  },
]

const dependencies: readonly AlertCase[] = [
  {
    alert: 'UnnestDatabaseSlow',
    when: 'Postgres gives no answer',
    series: api('unnest_database_answer_seconds', '3x30'),
    at: 5,
    firing: { labels: API, summary: 'The smallest query of a takes 3s' },
  },
  {
    alert: 'UnnestDatabaseSlow',
    when: 'it answers',
    series: api('unnest_database_answer_seconds', '0.002x30'),
    at: 0,
  },
  {
    alert: 'UnnestCacheCircuitOpen',
    when: 'Redis does not answer',
    series: api('unnest_cache_circuit_open', '1x30'),
    at: 5,
    firing: { labels: API, summary: 'a works without its cache: Redis does not answer' },
  },
  {
    alert: 'UnnestCacheCircuitOpen',
    when: 'it comes back within minutes',
    series: api('unnest_cache_circuit_open', '0 1x3 0x30'),
    at: 0,
  },
  {
    alert: 'UnnestCacheFull',
    when: 'there is no room',
    series: api('unnest_cache_has_room', '0x30'),
    at: 5,
    firing: { labels: API, summary: 'a keeps nothing in its cache: Redis is too full' },
  },
  { alert: 'UnnestCacheFull', when: 'there is', series: api('unnest_cache_has_room', '1x30'), at: 0 },
]

/** Both workers count the same rows. */
const outbox = (name: string, values: string, labels: Series = {}): Series => ({
  ...worker(name, values, { queue: 'mail', ...labels }),
  ...worker(name, values, { queue: 'mail', ...labels, instance: 'v' }),
})
const MAIL = { queue: 'mail' }

const deaths = (values: string): Series =>
  worker('unnest_dead_letters_total', values, { job_name: 'send-welcome', why: 'worker_died' })
const KILLER = { ...WORKER, job_name: 'send-welcome', why: 'worker_died' }
const KILLS = 'Five workers died over a job of the kind send-welcome'

const schedule = (ages: string, everySeconds: number): Series => ({
  ...worker('unnest_schedule_success_age_seconds', ages, { job_name: 'orders.expire' }),
  ...worker('unnest_schedule_interval_seconds', `${everySeconds}x30`, { job_name: 'orders.expire' }),
})
const SCHEDULE_FAILS = 'The scheduled job orders.expire last succeeded 20m 0s ago'

const jobs: readonly AlertCase[] = [
  {
    alert: 'UnnestJobsOverdue',
    when: 'nobody takes them',
    series: outbox('unnest_outbox_overdue_seconds', '400x30'),
    at: 5,
    firing: { labels: MAIL, summary: 'Jobs of mail have been waiting for a worker for 6m 40s' },
  },
  {
    alert: 'UnnestJobsOverdue',
    when: 'they are taken late',
    series: outbox('unnest_outbox_overdue_seconds', '200x30'),
    at: 0,
  },
  {
    alert: 'UnnestJobsUnwatched',
    when: 'workers run and reach no Postgres',
    series: worker('up', '1x30'),
    at: 5,
    firing: { labels: {}, summary: 'No worker tells of the outbox' },
  },
  {
    alert: 'UnnestJobsUnwatched',
    when: 'the outbox is counted',
    series: outbox('unnest_outbox_overdue_seconds', '0x30'),
    at: 0,
  },
  {
    alert: 'UnnestOldJob',
    when: 'one was written five days ago',
    series: outbox('unnest_outbox_oldest_open_seconds', '432000x70'),
    at: HOUR,
    firing: { labels: MAIL, summary: 'The oldest open job of mail is 5d 0h 0m 0s old' },
  },
  {
    alert: 'UnnestOldJob',
    when: 'a delivery is tried for three days',
    series: outbox('unnest_outbox_oldest_open_seconds', '259200x70'),
    at: 0,
  },
  {
    alert: 'UnnestDeadLetters',
    when: 'some are there',
    series: outbox('unnest_outbox_rows', '3x30', { state: 'failed' }),
    at: 5,
    firing: { labels: MAIL, summary: '3 jobs of mail were given up' },
  },
  {
    alert: 'UnnestDeadLetters',
    when: 'jobs wait and are done',
    series: {
      ...outbox('unnest_outbox_rows', '3x30', { state: 'waiting' }),
      ...outbox('unnest_outbox_rows', '0x30', { state: 'failed' }),
    },
    at: 0,
  },
  {
    alert: 'UnnestJobKillsWorkers',
    when: 'a worker counts its first',
    series: deaths('_x5 1x30'),
    at: 5,
    firing: { labels: KILLER, summary: KILLS },
  },
  {
    alert: 'UnnestJobKillsWorkers',
    when: 'it counts another',
    series: deaths('1x30 2x5'),
    at: 31,
    firing: { labels: KILLER, summary: KILLS },
  },
  { alert: 'UnnestJobKillsWorkers', when: 'it was long ago', series: deaths('1x40'), at: 16 },
  {
    alert: 'UnnestScheduleFails',
    when: 'what is to run each minute has not succeeded for a quarter of an hour',
    series: schedule('0+60x30', 60),
    at: 20,
    firing: { labels: { job_name: 'orders.expire' }, summary: SCHEDULE_FAILS },
  },
  {
    alert: 'UnnestScheduleFails',
    when: 'what is to run each hour is late',
    series: schedule('3600+60x30', 3_600),
    at: 0,
  },
  {
    alert: 'UnnestQueueLost',
    when: 'Redis came back empty',
    series: worker('unnest_queue_losses_total', '0x5 1x30'),
    at: 7,
    firing: {
      labels: WORKER,
      summary: "The queues' Redis had lost its jobs; they were filled in again from the outbox",
    },
  },
  {
    alert: 'UnnestQueueLost',
    when: 'a worker that had seen it starts again',
    series: worker('unnest_queue_losses_total', '3x5 0x30'),
    at: 0,
  },
]

export const alertCases: readonly AlertCase[] = [...processes, ...requests, ...dependencies, ...jobs]
