import { join, relative } from 'node:path'
import type { Settings } from './settings.js'

/** Where a client on this machine reaches the API, whatever address it listens on. */
export const addressOf = ({ host, port }: Pick<Settings, 'host' | 'port'>): string => {
  const reachable = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host
  return `http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}`
}

/** What a newcomer needs once everything runs. The password is there only when nobody has seen it yet. */
export const banner = (settings: Settings, password: string | undefined, seconds: number): string => {
  const address = addressOf(settings)
  const rows: [string, string][] = [
    ['API', address],
    ['Docs', `${address}/docs`],
    [
      'Mail',
      settings.smtpUrl === undefined ? `${short(join(settings.dataDir, 'mail'))}/` : 'sent by SMTP_URL',
    ],
    ['Admin', settings.adminEmail],
  ]
  if (password !== undefined) rows.push(['Password', `${password}   (shown this once)`])
  return [
    '',
    `  Unnest runs (ready in ${seconds.toFixed(1)} s)`,
    '',
    ...rows.map(([name, value]) => `  ${name.padEnd(9)} ${value}`),
    '',
    `  Ctrl-C stops everything; the data stays in ${short(settings.dataDir)}/`,
    '',
  ].join('\n')
}

const short = (path: string): string => {
  const inside = relative(process.cwd(), path)
  return inside.startsWith('..') || inside === '' ? path : inside
}
