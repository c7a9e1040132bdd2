import t from 'tap'
import { createWorld, startPod } from '../../support/app.js'
import { createCacheProbe } from '../../support/cache.js'
import { createProduct, registerAdmin } from '../../support/factories.js'

const SOON = 20
const WEEK = 7 * 86_400

t.test('a tag that is in use stays as long as the entries that have it', async (t) => {
  const world = await createWorld(t)
  const { call } = await startPod(t, world)
  const { id } = await createProduct(call, await registerAdmin(call, world))
  const { redis, entryKey, tagKey, expire } = createCacheProbe(t, world)
  const verdict = async (path: string) => (await call('GET', path)).headers.get('x-cache')
  const shown = `/v1/products/${id}`
  const lists = ['/v1/products?limit=5', '/v1/products?limit=6', '/v1/products?limit=7']
  const [early = '', ...late] = lists

  /** Lets the tag be one that was made a while ago. */
  const age = async (tag: string): Promise<string | null> => {
    await redis.expire(tagKey(tag), SOON)
    return redis.get(tagKey(tag))
  }
  const outlives = async (tag: string, paths: readonly string[]) => {
    const left = await redis.ttl(tagKey(tag))
    for (const path of paths)
      t.ok(left >= (await redis.ttl(entryKey(path))), `${tag} outlives ${path}: ${left} s`)
  }

  await t.test('by each entry that comes to it', async (t) => {
    t.equal(await verdict(early), 'MISS')
    const before = await age('products')
    for (const path of late) t.equal(await verdict(path), 'MISS')
    await outlives('products', lists)
    t.equal(await redis.get(tagKey('products')), before, 'it is the same')
    t.equal(await verdict(early), 'HIT', 'and who had it has it still')
  })

  await t.test('by an entry that is made anew', async (t) => {
    t.equal(await verdict(shown), 'MISS')
    const before = await age(`product:${id}`)
    await age('all')
    await expire(shown)
    t.equal(await verdict(shown), 'MISS')
    await outlives(`product:${id}`, [shown])
    t.equal(await redis.get(tagKey(`product:${id}`)), before)
    const left = await redis.ttl(tagKey('all'))
    t.ok(left > WEEK - 60 && left <= WEEK, `the one that all have stays longest: ${left} s`)
    t.equal(await verdict(shown), 'HIT')
  })
})
