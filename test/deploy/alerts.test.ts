import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { type AlertCase, alertCases } from '../support/alert-cases.js'
import { ALERTS, alertRules, panels } from '../support/observability.js'
import { promtool, withPromtool } from '../support/promtool.js'

const RUNBOOKS = 'docs/operations.md'
const source = readFileSync(ALERTS, 'utf8')

t.test('each alert has its runbook, and each runbook its alert', async (t) => {
  const document = readFileSync(join(import.meta.dirname, '../..', RUNBOOKS), 'utf8')
  const headings = [...document.matchAll(/^### (Unnest\w+)$/gm)].map(([, heading]) => heading)
  t.strictSame([...headings].sort(), alertRules.map(({ alert }) => alert).sort())
  for (const { alert, annotations } of alertRules)
    t.equal(annotations.runbook_url, `${RUNBOOKS}#${alert.toLowerCase()}`)
})

t.test('each alert is tried: once it fires, and once it is quiet', async (t) => {
  const has = (isFiring: boolean) =>
    new Set(alertCases.filter(({ firing }) => isFiring === Boolean(firing)).map(({ alert }) => alert))
  const alerts = alertRules.map(({ alert }) => alert).sort()
  t.strictSame([...has(true)].sort(), alerts, 'fires')
  t.strictSame([...has(false)].sort(), alerts, 'is quiet')
})

/** An alert that is to be quiet is asked for in every minute until then. */
const LAST_MINUTE = 20

const promtoolTest = ({ alert, when, series, at, firing }: AlertCase) => {
  const rule = alertRules.find((candidate) => candidate.alert === alert)
  const minutes = firing ? [at] : Array.from({ length: LAST_MINUTE + 1 - at }, (_none, index) => at + index)
  const annotations = { summary: firing?.summary, runbook_url: rule?.annotations.runbook_url }
  const expected = { exp_labels: { ...rule?.labels, ...firing?.labels }, exp_annotations: annotations }
  return {
    name: `${alert}: ${when}`,
    interval: '1m',
    input_series: Object.entries(series).map(([name, values]) => ({ series: name, values })),
    alert_rule_test: minutes.map((minute) => ({
      alertname: alert,
      eval_time: `${minute}m`,
      exp_alerts: firing ? [expected] : [],
    })),
  }
}

/** Faults that leave the names in the rules right: in which alert, what in place of what, and the case that tells, no two the same. */
const FAULTS: readonly (readonly [alert: string, from: string, to: string, tells: string])[] = [
  ['UnnestErrorRate', 'status="5xx", route!~"/livez|/readyz"', 'status="5xx"', 'pods that end say so'],
  ['UnnestErrorRate', 'count{route!~"/livez|/readyz"}', 'count', 'two in a hundred orders fail'],
  ['UnnestSlow', '/livez|/readyz|/v1/uploads|', '/v1/uploads|', 'beside many quick probes'],
  ['UnnestSlow', '|/v1/uploads/:id/content', '', 'line is slow: /v1/uploads/:id/content'],
  ['UnnestSlow', '|/v1/media/:id', '', 'line is slow: /v1/media/:id'],
  ['UnnestSlow', ', status!="abandoned"', '', 'clients that do not read'],
  ['UnnestNoApi', ' == 1)', ')', 'every one is down'],
  ['UnnestJobKillsWorkers', ' offset 15m)', ')', 'a worker counts its first'],
]

t.test('with what Prometheus has seen, an alert fires or does not', withPromtool, async (t) => {
  const fileOf = (rules: string, cases: readonly AlertCase[]) =>
    JSON.stringify({ rule_files: [rules], tests: cases.map(promtoolTest) })
  const planted = FAULTS.map(([alert, from, to, tells], at) => {
    const cases = alertCases.filter((one) => one.alert === alert && one.when.includes(tells))
    return { rules: source.replace(from, () => to), cases, from, tells, name: `fault${at}` }
  })
  const files = planted.flatMap(({ name, rules, cases }) => [
    [`${name}.rules.yaml`, rules],
    [`${name}.yaml`, fileOf(`${name}.rules.yaml`, cases)],
  ])
  const folder = t.testdir({ 'tests.yaml': fileOf(ALERTS, alertCases), ...Object.fromEntries(files) })
  const tried = (...names: string[]) =>
    promtool(['test', 'rules', ...names.map((name) => join(folder, `${name}.yaml`))])

  const { isFine, output } = await tried('tests')
  t.ok(isFine, output)
  // Of a case that is as it should be nothing is said.
  const found = await tried(...planted.map(({ name }) => name))
  for (const { rules, cases, from, tells } of planted) {
    t.not(rules, source, `${from} is there to be replaced`)
    t.equal(cases.length, 1, `one case tells: ${tells}`)
    t.ok(found.output.includes(tells), tells)
  }
})

/** What an alert compares with its limit, or what a panel draws. */
const drawn = (expr: string): string =>
  expr
    .replace(/\s/g, '')
    .replaceAll('$__rate_interval', '5m')
    .replace(/[<>]=?[\d.*]+$/, '')

t.test('a panel that names an alert draws what the alert looks at', async (t) => {
  const named = panels.flatMap(({ title, description, targets }) =>
    alertRules
      .filter(({ alert }) => description.includes(alert))
      .map((rule) => ({ title, rule, exprs: targets.map(({ expr }) => drawn(expr)) })),
  )
  t.ok(named.length > 5, `${named.length} panels`)
  const others = named.filter(({ rule, exprs }) => !exprs.includes(drawn(rule.expr)))
  t.strictSame(
    others.map(({ title, rule }) => `${title}: ${rule.alert}`),
    [],
  )
})
