import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { parse } from 'yaml'
import { z } from 'zod'
import { renderKustomization } from '../support/kustomize.js'
import { promtool, withPromtool } from '../support/promtool.js'
import { readWorkload } from '../support/workloads.js'

const ROOT = join(import.meta.dirname, '../..')
const source = readFileSync(join(ROOT, 'deploy/observability/scrape.yaml'), 'utf8')
const objects = renderKustomization(join(ROOT, 'deploy/kubernetes/production'))
const PROCESSES = ['api', 'worker'] as const
type Scraped = (typeof PROCESSES)[number]

const discovery = z.strictObject({
  role: z.literal('pod'),
  namespaces: z.strictObject({ names: z.tuple([z.string()]) }),
  selectors: z.tuple([z.strictObject({ role: z.literal('pod'), label: z.string() })]),
})
const jobs = z.object({
  scrape_configs: z.array(
    z.looseObject({ job_name: z.string(), kubernetes_sd_configs: z.tuple([discovery]) }),
  ),
})

const jobsOf = (text: string) => jobs.parse(parse(text)).scrape_configs

/** Whether the job of this process looks for its pods, and where they are. */
const faultsOfDiscovery = (text: string): string[] =>
  PROCESSES.flatMap((process) => {
    const job = jobsOf(text).find(({ job_name }) => job_name === `unnest-${process}`)
    if (!job) return [`unnest-${process} is scraped under no such name`]
    const [{ namespaces, selectors }] = job.kubernetes_sd_configs
    const { labels } = readWorkload(objects, process)
    const selected = Object.entries(labels).map(([label, value]) => `${label}=${value}`)
    const wanted = selected.sort().join() === selectors[0].label.split(',').sort().join()
    const isThere = objects.some(({ metadata }) => metadata.namespace === namespaces.names[0])
    return wanted && isThere ? [] : [`unnest-${process} looks for other pods`]
  })

t.test('the jobs have the names that alerts ask for, and find the pods', async (t) => {
  t.strictSame(faultsOfDiscovery(source), [])
  const faults: readonly (readonly [string, string, RegExp])[] = [
    ['job_name: unnest-worker', 'job_name: worker', /unnest-worker is scraped under no such name/],
    ['component=api', 'component=server', /unnest-api looks for other pods/],
    ['names: [unnest]', 'names: [default]', /unnest-api looks for other pods/],
  ]
  for (const [from, to, fault] of faults)
    t.match(faultsOfDiscovery(source.replace(from, to)).join('\n'), fault)
})

/** What the cluster tells of a pod, for each of its ports. */
const discovered = (process: Scraped, phase: string) =>
  readWorkload(objects, process).container.ports.map(({ name, containerPort }) => ({
    targets: [`10.244.0.1:${containerPort}`],
    labels: {
      __meta_kubernetes_namespace: 'unnest',
      __meta_kubernetes_pod_name: `unnest-${process}-1`,
      __meta_kubernetes_pod_phase: phase,
      __meta_kubernetes_pod_container_port_name: name,
    },
  }))

const found = z.array(z.object({ labels: z.record(z.string(), z.string()) }))

/** No cluster is asked: a promtool without Kubernetes in it does as well. */
const targetsOf = async (file: string, process: Scraped) => {
  const args = ['check', 'service-discovery', '--timeout=1s', file, `unnest-${process}`]
  const { output } = await promtool(args)
  const labels = found.parse(JSON.parse(output)).map((one) => one.labels)
  return labels.filter(({ __address__ }) => __address__ !== undefined)
}

t.test('of a pod its metrics are scraped, with the labels that are asked for', withPromtool, async (t) => {
  const scrape_configs = jobsOf(source).map(({ kubernetes_sd_configs: _none, ...job }) => {
    const process = job.job_name === 'unnest-api' ? 'api' : 'worker'
    return { ...job, static_configs: [...discovered(process, 'Running'), ...discovered(process, 'Failed')] }
  })
  const folder = t.testdir({ 'scrape.yaml': JSON.stringify({ scrape_configs }) })
  const file = join(folder, 'scrape.yaml')
  const ports = { api: 9464, worker: 9465 }
  await Promise.all(
    PROCESSES.map(async (process) => {
      const [target, ...others] = await targetsOf(file, process)
      const job = `unnest-${process}`
      const wanted = {
        job,
        instance: `${job}-1`,
        namespace: 'unnest',
        __address__: `10.244.0.1:${ports[process]}`,
      }
      t.match(target, wanted)
      t.strictSame(others, [], 'and nothing else of it')
    }),
  )
})
