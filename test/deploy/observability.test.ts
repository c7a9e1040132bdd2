import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { parse } from 'yaml'
import { z } from 'zod'
import { createWorld, startPod, startWorkerPod } from '../support/app.js'
import { faultsOf, readMetrics } from '../support/expressions.js'
import { createProduct, registerAdmin } from '../support/factories.js'
import { insertJob, untilOutboxClosed } from '../support/outbox.js'
import { until } from '../support/until.js'

const ROOT = join(import.meta.dirname, '../..')
const ALERTS = 'deploy/observability/alerts.yaml'
const RUNBOOKS = 'docs/operations.md'
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8')

const rule = z.strictObject({
  alert: z.string().regex(/^Unnest\w+$/),
  expr: z.string(),
  for: z.string().optional(),
  labels: z.strictObject({ severity: z.enum(['page', 'ticket']) }),
  annotations: z.strictObject({ summary: z.string(), runbook_url: z.string() }),
})
const rules = z
  .object({ groups: z.array(z.object({ rules: z.array(rule) })) })
  .parse(parse(read(ALERTS)))
  .groups.flatMap(({ rules }) => rules)

const target = z.object({ expr: z.string(), legendFormat: z.string() })
const panel = z.object({ id: z.int(), title: z.string(), targets: z.array(target).optional() })
const { panels } = z
  .object({ panels: z.array(panel) })
  .parse(JSON.parse(read('deploy/observability/dashboard.json')))

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
  const admin = await registerAdmin(call, world)
  const { id } = await createProduct(call, admin)
  for (const _time of [1, 2]) await call('GET', `/v1/products/${id}`)
  await call('POST', '/v1/uploads', { token: admin.token })
  await insertJob(world, { payload: { nobody: 'knows' } })
  await untilOutboxClosed(world)
  await world.database.sql`alter table orders rename to elsewhere`
  await call('GET', '/v1/orders', { token: admin.token })
  const texts = await until('the dead letter to be counted', async () => {
    const seen = [await metricsOf(pod.log), await metricsOf(worker.log)]
    return seen.some((text) => /^unnest_outbox_rows\{.*"failed"\} 1$/m.test(text)) && seen
  })
  return { texts, shown: readMetrics(texts) }
}

t.test('alerts and dashboard', async (t) => {
  const { texts, shown } = await startAll(t)

  await t.test('name only metrics, labels and values that the processes show', async (t) => {
    for (const { alert, expr, annotations } of rules)
      t.strictSame(faultsOf(expr, shown, [annotations.summary]), [], alert)
    const shownPanels = panels.flatMap(({ title, targets = [] }) => targets.map((of) => ({ title, ...of })))
    t.ok(shownPanels.length > 20, `${shownPanels.length} expressions`)
    for (const { title, expr, legendFormat } of shownPanels)
      t.strictSame(faultsOf(expr, shown, [legendFormat]), [], title)
    t.equal(new Set(panels.map(({ id }) => id)).size, panels.length, 'each panel has an id of its own')
  })

  await t.test('and no label of ours is one that Prometheus gives', async (t) => {
    for (const [name, { labels }] of shown) t.notMatch([...labels.keys()].join(), /exported_/, name)
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

  await t.test('promtool finds the rules and our metrics in order', async (t) => {
    const promtool = (args: string[], input = '') =>
      spawnSync('promtool', args, { cwd: ROOT, input, encoding: 'utf8' })
    if (promtool(['--version']).error) return t.comment('promtool is not installed: left out')
    const checked = promtool(['check', 'rules', ALERTS])
    t.equal(checked.status, 0, checked.stderr)
    // Node's own are named by another package, in part not as promtool would have it.
    const ours = (text: string) => text.split('\n').filter((line) => /^(# \w+ )?unnest_/.test(line))
    for (const text of texts) {
      const { status, stdout, stderr } = promtool(['check', 'metrics'], `${ours(text).join('\n')}\n`)
      t.equal(status, 0, stdout + stderr)
    }
  })
})

t.test('each alert has its runbook, and each runbook its alert', async (t) => {
  const headings = [...read(RUNBOOKS).matchAll(/^### (Unnest\w+)$/gm)].map(([, heading]) => heading)
  t.strictSame([...headings].sort(), rules.map(({ alert }) => alert).sort())
  for (const { alert, annotations } of rules)
    t.equal(annotations.runbook_url, `${RUNBOOKS}#${alert.toLowerCase()}`)
})
