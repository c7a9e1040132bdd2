import t from 'tap'
import { z } from 'zod'
import { beyond } from './beyond/over-http.js'
import { prove } from './beyond/row.js'
import { contract } from './chapters/index.js'
import { setScene } from './support/scene.js'

/** What dev/contract.ts hands over. */
const { data, error } = z
  .object({
    CONTRACT_URL: z.url(),
    CONTRACT_ADMIN_EMAIL: z.email(),
    CONTRACT_ADMIN_PASSWORD: z.string().min(1),
    CONTRACT_PATIENCE_SECONDS: z.coerce.number().int().min(0).max(900),
    CONTRACT_BEYOND: z.enum(['pass', 'fail']).optional(),
  })
  .safeParse(process.env)
if (!data) throw new Error(`npm run contract starts this: ${z.prettifyError(error)}`)

const target = {
  url: data.CONTRACT_URL.replace(/\/$/, ''),
  adminEmail: data.CONTRACT_ADMIN_EMAIL,
  adminPassword: data.CONTRACT_ADMIN_PASSWORD,
  patienceSeconds: data.CONTRACT_PATIENCE_SECONDS,
}

const { CONTRACT_BEYOND: expected } = data
await t.test(`the contract at ${target.url}`, async (t) => {
  const scene = await setScene(target)
  await contract(t, scene)
  if (expected !== undefined) {
    await t.test(`beyond it, expected to ${expected}`, (t) => prove(t, beyond, scene, expected))
  }
})
