import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { z } from 'zod'

const ROOT = join(import.meta.dirname, '../..')
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8')

export const ALERTS = join(ROOT, 'deploy/observability/alerts.yaml')

const rule = z.strictObject({
  alert: z.string().regex(/^Unnest\w+$/),
  expr: z.string(),
  for: z.string().optional(),
  labels: z.strictObject({ severity: z.enum(['page', 'ticket']) }),
  annotations: z.strictObject({ summary: z.string(), runbook_url: z.string() }),
})

/** The alert rules of deploy/observability. */
export const alertRules = z
  .object({ groups: z.array(z.object({ rules: z.array(rule) })) })
  .parse(parse(readFileSync(ALERTS, 'utf8')))
  .groups.flatMap(({ rules }) => rules)

const target = z.object({ expr: z.string(), legendFormat: z.string() })
const panel = z.object({
  id: z.int(),
  title: z.string(),
  description: z.string().default(''),
  targets: z.array(target).default([]),
})

/** The panels of the dashboard in deploy/observability; a row is one without expressions. */
export const { panels } = z
  .object({ panels: z.array(panel) })
  .parse(JSON.parse(read('deploy/observability/dashboard.json')))
