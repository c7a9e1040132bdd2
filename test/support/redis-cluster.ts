import { freePort } from '../../dev/stack/ports.js'
import type { Test } from './environment.js'
import { dataNode, type RedisNode, startRedisNode } from './redis-nodes.js'
import { until } from './until.js'

const SLOTS = 16_384
const MASTERS = 3
const SHARE = Math.ceil(SLOTS / MASTERS)
const MIGRATE_TIMEOUT_MS = 5_000
const KEYS_AT_ONCE = 100
/** In a line of CLUSTER NODES. */
const EPOCH_FIELD = 6

export interface ClusterRedis {
  readonly url: string
  readonly nodes: readonly RedisNode[]
  /** Moves the slot of this key, key by key, from the master that has it to the next one. */
  readonly moveSlotOf: (key: string) => Promise<void>
}

interface Member extends RedisNode {
  readonly id: string
}

const startMember = async (t: Test, index: number): Promise<Member> => {
  const settings = dataNode(await freePort(), 'cluster-enabled yes', `cluster-port ${await freePort()}`)
  const node = await startRedisNode(t, settings)
  const first = index * SHARE
  const last = Math.min(first + SHARE, SLOTS) - 1
  // Else they all begin with the same, and change it while the first slots move.
  await node.client.call('CLUSTER', 'SET-CONFIG-EPOCH', String(index + 1))
  await node.client.call('CLUSTER', 'ADDSLOTSRANGE', String(first), String(last))
  return { ...node, id: String(await node.client.call('CLUSTER', 'MYID')) }
}

const busPort = async ({ client, port }: Member): Promise<string> => {
  const nodes = String(await client.call('CLUSTER', 'NODES'))
  return new RegExp(`:${port}@(\\d+)`).exec(nodes)?.[1] ?? ''
}

const meet = async (members: readonly Member[]): Promise<void> => {
  const [first, ...others] = members
  for (const other of others) {
    await first?.client.call('CLUSTER', 'MEET', '127.0.0.1', String(other.port), await busPort(other))
  }
  await until('the Cluster to stand', async () => {
    const infos = await Promise.all(members.map(({ client }) => client.call('CLUSTER', 'INFO')))
    return infos.every((info) => /cluster_state:ok.*cluster_known_nodes:3/s.test(String(info)))
  })
}

const moveKeys = async (from: Member, to: Member, slot: string): Promise<void> => {
  for (;;) {
    const keys = await from.client.call('CLUSTER', 'GETKEYSINSLOT', slot, KEYS_AT_ONCE)
    if (!Array.isArray(keys) || keys.length === 0) return
    // One by one, as a slow network would: clients meet a slot that is in two places.
    for (const key of keys) {
      await from.client.call('MIGRATE', '127.0.0.1', to.port, String(key), 0, MIGRATE_TIMEOUT_MS)
    }
  }
}

/** How new this member takes that one's last claim to be. */
const epochOf = async ({ client }: Member, { id }: Member): Promise<string | undefined> => {
  const nodes = String(await client.call('CLUSTER', 'NODES')).split('\n')
  return nodes.find((node) => node.startsWith(id))?.split(' ')[EPOCH_FIELD]
}

/**
 * A master that takes a slot and has not heard of the last claim to it makes one that is no newer: the others then take the
 * slot from it, and it deletes the keys.
 */
const untilAllKnow = (members: readonly Member[], owner: Member) =>
  until('all nodes to know of the new owner', async () => {
    const epochs = await Promise.all(members.map((member) => epochOf(member, owner)))
    return new Set(epochs).size === 1
  })

/** Three masters that share the slots evenly. */
export const startClusterRedis = async (t: Test): Promise<ClusterRedis> => {
  const members = await Promise.all(Array.from({ length: MASTERS }, (_, index) => startMember(t, index)))
  await meet(members)
  const owners = new Map<string, number>()
  return {
    url: `redis+cluster://${members.map(({ port }) => `127.0.0.1:${port}`).join()}`,
    nodes: members,
    moveSlotOf: async (key) => {
      const slot = String(await members[0]?.client.call('CLUSTER', 'KEYSLOT', key))
      const owner = owners.get(slot) ?? Math.floor(Number(slot) / SHARE)
      const [from, to] = [members[owner], members[(owner + 1) % MASTERS]]
      if (!from || !to) throw new Error('nobody has the slot')
      await to.client.call('CLUSTER', 'SETSLOT', slot, 'IMPORTING', from.id)
      await from.client.call('CLUSTER', 'SETSLOT', slot, 'MIGRATING', to.id)
      await moveKeys(from, to, slot)
      // The new owner first: nobody else may think meanwhile that the slot is its own.
      for (const { client } of [to, from]) await client.call('CLUSTER', 'SETSLOT', slot, 'NODE', to.id)
      await untilAllKnow(members, to)
      owners.set(slot, (owner + 1) % MASTERS)
    },
  }
}
