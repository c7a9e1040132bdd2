import t from 'tap'
import { createWorld, startPod, startWorkerPod } from '../support/app.js'
import { faultsOf, firstOnesLost, mixedProcesses, readMetrics } from '../support/expressions.js'
import { createProduct, registerAdmin } from '../support/factories.js'
import { ALERTS, alertRules, panels } from '../support/observability.js'
import { insertJob, untilOutboxClosed } from '../support/outbox.js'
import { promtool, withPromtool } from '../support/promtool.js'
import { until } from '../support/until.js'

const metricsOf = async (log: readonly Record<string, unknown>[]): Promise<string> => {
  const line = log.find(({ msg }) => msg === 'metrics and health are served')
  return (await fetch(`http://127.0.0.1:${line?.['port']}/metrics`)).text()
}

/** Both processes after a little of everything, so that each metric has been shown with its labels. */
const startAll = async (t: Parameters<typeof createWorld>[0]) => {
  const world = await createWorld(t)
  const pod = await startPod(t, world)
  const worker = await startWorkerPod(t, world)
  const { call } = pod
  const fresh = await Promise.all([metricsOf(pod.log), metricsOf(worker.log)])
  const admin = await registerAdmin(call, world)
  const { id } = await createProduct(call, admin)
  for (const _time of [1, 2]) await call('GET', `/v1/products/${id}`)
  for (const path of ['/livez', '/readyz', `/v1/uploads/${id}/content`, `/v1/media/${id}`])
    await call('GET', path, { token: admin.token })
  await call('POST', '/v1/uploads', { token: admin.token })
  await insertJob(world, { payload: { nobody: 'knows' } })
  await untilOutboxClosed(world)
  await world.database.sql`alter table orders rename to elsewhere`
  await call('GET', '/v1/orders', { token: admin.token })
  const texts = await until('the dead letter to be counted', async () => {
    const seen = [await metricsOf(pod.log), await metricsOf(worker.log)]
    return seen.some((text) => /^unnest_outbox_rows\{.*"failed"\} 1$/m.test(text)) && seen
  })
  const [ofApi = '', ofWorker = ''] = texts
  return {
    texts,
    shown: readMetrics(texts),
    fresh: readMetrics(fresh),
    both: [ofApi, ofWorker].map((text) => readMetrics([text])),
  }
}

t.test('alerts and dashboard', async (t) => {
  const { texts, shown, fresh, both } = await startAll(t)
  const drawn = panels.flatMap(({ title, targets }) => targets.map((target) => ({ title, ...target })))

  await t.test('name only metrics, labels and values that the processes show', async (t) => {
    const inAlerts = alertRules.flatMap(({ alert, expr, annotations }) =>
      faultsOf(expr, shown, [annotations.summary]).map((fault) => `${alert}: ${fault}`),
    )
    const inPanels = drawn.flatMap(({ title, expr, legendFormat }) =>
      faultsOf(expr, shown, [legendFormat]).map((fault) => `${title}: ${fault}`),
    )
    t.ok(alertRules.length > 10 && drawn.length > 20, `${alertRules.length} and ${drawn.length} expressions`)
    t.strictSame([...inAlerts, ...inPanels], [])
    t.equal(new Set(panels.map(({ id }) => id)).size, panels.length, 'each panel has an id of its own')
  })

  await t.test('and no label of ours is one that Prometheus gives', async (t) => {
    t.ok(shown.size > 20, `${shown.size} metrics`)
    const taken = [...shown].filter(([, { labels }]) => /exported_/.test([...labels.keys()].join()))
    t.strictSame(
      taken.map(([name]) => name),
      [],
    )
  })

  await t.test('what no process shows is found', async (t) => {
    const planted: Readonly<Record<string, string>> = {
      'sum(rate(unnest_http_requests_seconds_count[5m])) > 1':
        'there is no metric unnest_http_requests_seconds_count',
      'unnest_http_request_seconds_count{path="/livez"}':
        'unnest_http_request_seconds_count has no label path',
      'unnest_http_request_seconds_count{status="500"}':
        'unnest_http_request_seconds_count has no status 500',
      'unnest_http_request_seconds_count{status=~"50.|51."}':
        'unnest_http_request_seconds_count has no status 50.|51.',
      'unnest_http_request_seconds_count{route!~"/livez|/ready"}':
        'unnest_http_request_seconds_count has no route /livez|/ready',
      'unnest_dead_letters_total{why="tired"}': 'unnest_dead_letters_total has no why tired',
      'sum by (le, path) (rate(unnest_job_try_seconds_bucket[$__rate_interval]))':
        'no metric of it has the label path',
      'up == 0 or unnest_nothing': 'there is no metric unnest_nothing',
      '1 > 0': 'it names no metric',
    }
    for (const [expression, fault] of Object.entries(planted))
      t.strictSame(faultsOf(expression, shown), [fault], expression)
    t.strictSame(faultsOf('up == 0', shown, ['{{ $labels.pod }}']), ['no metric of it has the label pod'])
    t.strictSame(faultsOf('sum by (job_name) (unnest_dead_letters_total{why="worker_died"})', shown), [])
  })

  await t.test('draw whatever we measure, the first of what is rare, and each kind of process', async (t) => {
    const texts = [...alertRules, ...drawn].map(({ expr }) => expr)
    const names = [...fresh.keys()].map((name) => name.replace(/_(bucket|count|sum)$/, ''))
    const ours = [...new Set(names.filter((name) => name.startsWith('unnest_')))]
    t.ok(ours.length > 10, `${ours.length} metrics`)
    t.strictSame(
      ours.filter((name) => !texts.some((text) => text.includes(name))),
      [],
      'each is drawn',
    )
    t.strictSame(
      texts.filter((text) => firstOnesLost(text, fresh).length > 0),
      [],
      'no first one is lost',
    )
    t.strictSame(
      texts.filter((text) => mixedProcesses(text, both).length > 0),
      [],
      'no sum mixes them',
    )
    const first = 'sum by (why) (increase(unnest_dead_letters_total[1h]))'
    t.strictSame(firstOnesLost(first, fresh), ['unnest_dead_letters_total'])
    t.strictSame(mixedProcesses('sum(unnest_database_pool_max)', both), ['unnest_database_pool_max'])
  })

  await t.test('promtool finds the rules and our metrics in order', withPromtool, async (t) => {
    const checked = await promtool(['check', 'rules', ALERTS])
    t.ok(checked.isFine, checked.output)
    // Node's own are named by another package, in part not as promtool would have it.
    const ours = (text: string) => text.split('\n').filter((line) => /^(# \w+ )?unnest_/.test(line))
    for (const text of texts) {
      const { isFine, output } = await promtool(['check', 'metrics'], `${ours(text).join('\n')}\n`)
      t.ok(isFine, output)
    }
  })
})
