/*
 * What Prometheus' expressions name, checked against what processes show. Of their grammar just so much that names of metrics
 * can be told from the other words; that an expression is well formed is promtool's business.
 */

/** A metric as it is shown: its labels with the values seen so far, and its help. */
export interface ShownMetric {
  readonly help: string
  readonly labels: ReadonlyMap<string, ReadonlySet<string>>
  /** Else it is told of, and nothing has been counted yet. */
  readonly hasSeries: boolean
}

export type ShownMetrics = ReadonlyMap<string, ShownMetric>

/** What Prometheus gives each series of its own; a metric's own label of such a name it calls `exported_...`. */
const OF_THE_SCRAPE = new Set(['job', 'instance'])
const ownName = (label: string): string => (OF_THE_SCRAPE.has(label) ? `exported_${label}` : label)

const LABEL = /(\w+)="((?:[^"\\]|\\.)*)"/g

/** Reads what `/metrics` answers, of several processes together. */
export const readMetrics = (texts: readonly string[]): ShownMetrics => {
  const lines = texts.flatMap((text) => text.split('\n'))
  const helps = new Map<string, string>()
  for (const line of lines) {
    const [, name = '', help = ''] = /^# HELP (\w+) (.*)$/.exec(line) ?? []
    if (name !== '') helps.set(name, help)
  }
  // `up` is what Prometheus says of the scrape itself.
  const shown = new Map([['up', { help: '', labels: new Map<string, Set<string>>(), hasSeries: true }]])
  // One without a series yet is known by its help.
  for (const [name, help] of helps) shown.set(name, { help, labels: new Map(), hasSeries: false })
  for (const line of lines) {
    const [, name = '', list = ''] = /^(\w+)(?:\{(.*)\})? \S+$/.exec(line) ?? []
    if (name === '') continue
    const family = name.replace(/_(bucket|count|sum)$/, '')
    const labels = shown.get(name)?.labels ?? new Map()
    const metric = { help: helps.get(family) ?? '', labels, hasSeries: true }
    shown.set(name, metric)
    for (const [, label = '', value = ''] of list.matchAll(LABEL)) {
      const values = metric.labels.get(ownName(label)) ?? new Set()
      metric.labels.set(ownName(label), values.add(value))
    }
  }
  return shown
}

const WORDS = new Set([
  'by',
  'without',
  'on',
  'ignoring',
  'group_left',
  'group_right',
  'offset',
  'bool',
  'and',
  'or',
  'unless',
])
/** A metric with or without its matchers. What an opening bracket follows is a function. */
const SELECTOR = /(?<![\w$.[])([a-zA-Z_:][\w:]*)(?:\s*\{([^}]*)\}|(?!\s*\(|[\w:]))/g
const GROUPING = /\b(?:by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)/g
const MATCHER = /(\w+)\s*(=~|!~|!=|=)\s*"((?:[^"\\]|\\.)*)"/g

const hasLabel = ({ labels }: ShownMetric, label: string): boolean =>
  OF_THE_SCRAPE.has(label) || labels.has(label)

/** A value that is not there yet, such as a reason that did not occur, is at least told of in the help. */
const knowsValue = (
  { help, labels }: ShownMetric,
  label: string,
  operator: string,
  value: string,
): boolean => {
  if (OF_THE_SCRAPE.has(label) || labels.get(label)?.has(value)) return true
  if (operator.endsWith('~')) {
    const seen = [...(labels.get(label) ?? [])]
    const patterns = value.split('|').map((pattern) => new RegExp(`^(?:${pattern})$`))
    return patterns.every((pattern) => seen.some((one) => pattern.test(one)))
  }
  return new RegExp(`\\b${value.replace(/\W/g, '\\$&')}\\b`).test(help)
}

const faultsOfMatchers = (name: string, metric: ShownMetric, matchers: string): string[] =>
  [...matchers.matchAll(MATCHER)].flatMap(([, label = '', operator = '', value = '']) => {
    if (!hasLabel(metric, label)) return [`${name} has no label ${label}`]
    return knowsValue(metric, label, operator, value) ? [] : [`${name} has no ${label} ${value}`]
  })

/** Names, labels and values in the expression, or in the texts about its result, that no process shows. */
export const faultsOf = (
  expression: string,
  shown: ShownMetrics,
  texts: readonly string[] = [],
): string[] => {
  const groupings = [...expression.matchAll(GROUPING)].flatMap(([, list = '']) =>
    list.split(',').map((label) => label.trim()),
  )
  const selectors = [...expression.replace(GROUPING, ' ').matchAll(SELECTOR)]
    .map(([, name = '', matchers = '']) => ({ name, matchers }))
    .filter(({ name }) => !WORDS.has(name))
  const metrics = selectors.map(({ name }) => shown.get(name))
  const known = metrics.filter((metric) => metric !== undefined)
  const told = texts.flatMap((text) =>
    [...text.matchAll(/\{\{\s*(?:\$labels\.)?([a-z]\w*)\s*\}\}/g)].map(([, label = '']) => label),
  )
  const faults = selectors.flatMap(({ name, matchers }, at) => {
    const metric = metrics[at]
    return metric ? faultsOfMatchers(name, metric, matchers) : [`there is no metric ${name}`]
  })
  const lost = [...groupings, ...told].filter(
    (label) => label !== 'le' && !known.some((metric) => hasLabel(metric, label)),
  )
  const none = selectors.length === 0 ? ['it names no metric'] : []
  return [...faults, ...lost.map((label) => `no metric of it has the label ${label}`), ...none]
}

/** Metrics whose first increase nobody would see, since no process shows them before: a series that begins at 1 did not rise. */
export const firstOnesLost = (expression: string, fresh: ShownMetrics): string[] =>
  [...expression.matchAll(/\bincrease\((\w+)/g)]
    .map(([, name = '']) => name)
    .filter((name) => !expression.includes(`unless ${name}`))
    .filter((name) => fresh.get(name)?.hasSeries !== true)

/** Metrics of which the expression makes one sum of API and workers. */
export const mixedProcesses = (expression: string, ofEach: readonly ShownMetrics[]): string[] => {
  const isApart = /\bby \([^)]*\b(job|instance)\b|\bjob=/.test(expression)
  if (!/\bsum\b/.test(expression) || isApart) return []
  const names = [...expression.matchAll(/\bunnest_\w+/g)].map(([name]) => name)
  return names.filter((name) => ofEach.every((shown) => shown.get(name)?.hasSeries))
}
