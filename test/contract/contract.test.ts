import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { createWorld, startPod } from '../support/app.js'
import { registerAdmin } from '../support/factories.js'
import { beyond } from './beyond/over-http.js'
import { prove } from './beyond/row.js'
import { beyondUnderFaults } from './beyond/under-faults.js'
import { contract } from './chapters/index.js'
import { setScene } from './support/scene.js'

t.test('the service keeps the contract, and what it promises beyond', async (t) => {
  const world = await createWorld(t)
  const { call, url } = await startPod(t, world)
  const { email, password } = await registerAdmin(call, world)
  const scene = await setScene({ url, adminEmail: email, adminPassword: password, patienceSeconds: 0 })
  await contract(t, scene)
  await prove(t, beyond, scene, 'pass')
})

t.test('the table of what is beyond the contract is that of the tests', async (t) => {
  const text = readFileSync(join(import.meta.dirname, '../../docs/contract.md'), 'utf8')
  const [, table = ''] = text.split('|---|---|---|---|\n')
  const rows = [...beyond, ...beyondUnderFaults].map(
    ({ name, does, ours, baseline }) => `| ${name} | ${does} | ${ours} | ${baseline} |\n`,
  )
  t.equal(table, rows.join(''))
})
