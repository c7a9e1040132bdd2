import t from 'tap'
import { createWorld, startPod } from '../support/app.js'
import { createCaller } from '../support/caller.js'
import { createProduct, registerAdmin } from '../support/factories.js'
import { walkPages } from '../support/pages.js'
import { problemFaults } from '../support/problem.js'

/** Names in the order of the list: capitals do not matter, accents come last. */
const NAMES = ['anvil', 'Bell', 'bell', 'Enamel mug', 'jug', 'Écharpe']
const SORTS = ['price', '-price', 'name', '-name', 'createdAt', '-createdAt'] as const

t.test('the list of products', async (t) => {
  const world = await createWorld(t)
  const { url } = await startPod(t, world)
  const call = createCaller(t).to(url)
  const admin = await registerAdmin(call, world)
  const priced = (amount: number) => ({ price: { amount, currency: 'EUR' } })
  const idsOf = (rows: readonly { id: string }[]) => rows.map(({ id }) => id)
  const find = async (query: string) => {
    const { status, body, text } = await call('GET', `/v1/products?${query}`)
    if (status !== 200) throw new Error(text)
    return body.data as { id: string; name: string; price: { amount: number } }[]
  }

  /** What keeps the answer from being a refusal that names `path`. */
  const refusalFaults = async (query: string, path: string): Promise<string[]> => {
    const answer = await call('GET', `/v1/products?${query}`)
    const named = answer.body?.errors?.[0]?.path
    return [
      ...problemFaults(answer, { status: 400, code: 'validation_failed' }),
      ...(named === path ? [] : [`names ${named}`]),
    ].map((fault) => `${query}: ${fault}`)
  }

  const created: { id: string; name: string; amount: number }[] = []
  for (const [index, name] of NAMES.entries()) {
    // Two of each price, so that the id has to decide.
    const amount = 100 * Math.floor(index / 2)
    const description = index % 2 === 0 ? 'Baked for hungry travellers.' : 'Cast in Sheffield.'
    const { id } = await createProduct(call, admin, { name, description, ...priced(amount) })
    created.push({ id, name, amount })
  }

  await t.test('finds words of name and description in whatever form', async (t) => {
    const namesFor = async (q: string) =>
      (await find(`q=${encodeURIComponent(q)}&sort=createdAt`)).map(({ name }) => name)
    t.strictSame(await namesFor('MUGS'), ['Enamel mug'])
    t.strictSame(await namesFor('traveller'), ['anvil', 'bell', 'jug'])
    t.strictSame(await namesFor('bell traveller'), ['bell'], 'all words')
    t.strictSame(await namesFor('bell -traveller'), ['Bell'])
    t.strictSame(await namesFor('anvil or jug'), ['anvil', 'jug'])
    t.strictSame(await namesFor('"hungry travellers"'), ['anvil', 'bell', 'jug'])
    t.strictSame(await namesFor('"travellers hungry"'), [])
    t.strictSame(await namesFor('écharpe'), ['Écharpe'])
    t.strictSame(await namesFor('nothing'), [])
    for (const odd of [`'`, `"`, '!', '&|', '(', ':*', '\\', 'a:b', "';--", 'the', '%', '🦊'])
      t.strictSame(await namesFor(odd), [], `${odd} is a search like any other`)
  })

  await t.test('keeps to a range of prices', async (t) => {
    const amounts = async (query: string) =>
      (await find(`sort=price&${query}`)).map((row) => row.price.amount)
    t.strictSame(await amounts('minPrice=100'), [100, 100, 200, 200])
    t.strictSame(await amounts('maxPrice=100'), [0, 0, 100, 100])
    t.strictSame(await amounts('minPrice=100&maxPrice=100'), [100, 100])
    t.strictSame(await amounts('minPrice=201'), [])
    t.strictSame(await amounts('minPrice=100&q=bell'), [100])
  })

  await t.test('is sorted as one asks, and goes on behind each cursor', async (t) => {
    const expected = {
      price: idsOf(created),
      name: idsOf(created),
      createdAt: idsOf(created),
    }
    // Of two equal ones the older comes first, in both directions of the other two it is the name or the time.
    const bells = created.filter(({ name }) => name.toLowerCase() === 'bell')
    t.strictSame(idsOf(bells), expected.name.slice(1, 3))
    for (const sort of SORTS) {
      const ascending = expected[sort.replace('-', '') as 'price' | 'name' | 'createdAt']
      const wanted = sort.startsWith('-') ? [...ascending].reverse() : ascending
      for (const limit of [1, 2, 4, 100]) {
        const pages = await walkPages(call, `/v1/products?sort=${sort}&limit=${limit}`)
        t.strictSame(idsOf(pages.flat()), wanted, `${sort} by ${limit}`)
      }
    }
    t.strictSame(idsOf(await find('')), [...expected.createdAt].reverse(), 'newest first, if nobody asks')
  })

  await t.test('shows each old row once, whatever comes and goes between the pages', async (t) => {
    for (const sort of SORTS) {
      const before = idsOf(await find('limit=100'))
      const added: string[] = []
      const pages = await walkPages(call, `/v1/products?sort=${sort}&limit=2`, {
        between: async () => {
          added.push((await createProduct(call, admin, { name: 'Aa', ...priced(0) })).id)
          const { id } = await createProduct(call, admin, { name: 'Zz', ...priced(999) })
          await call('DELETE', `/v1/products/${id}`, { token: admin.token })
        },
      })
      const seen = idsOf(pages.flat()).filter((id) => before.includes(id))
      t.strictSame([...seen].sort(), [...before].sort(), sort)
      t.ok(added.length > 1, 'something came between the pages')
      // Or each sort would have more pages to walk than the one before.
      for (const id of added) await call('DELETE', `/v1/products/${id}`, { token: admin.token })
    }
  })

  await t.test(
    'refuses a cursor of another list, another filter or another sort, and a damaged one',
    async (t) => {
      const cursorOf = async (query: string): Promise<string> =>
        (await call('GET', `/v1/products?limit=1&${query}`)).body.meta.nextCursor
      const cursor = await cursorOf('sort=name')
      const foreign: [string, string][] = [
        ['sort=price', cursor],
        ['sort=-name', cursor],
        ['', cursor],
        ['sort=name&q=mug', cursor],
        ['sort=name&minPrice=0', cursor],
        ['sort=name', await cursorOf('sort=price')],
        ['sort=name', await cursorOf('')],
      ]
      const damaged = [
        ...Array.from({ length: cursor.length }, (_, at) => {
          const other = cursor[at] === 'A' ? 'B' : 'A'
          return `${cursor.slice(0, at)}${other}${cursor.slice(at + 1)}`
        }),
        cursor.slice(1),
        cursor.slice(0, -1),
        `${cursor}A`,
        `${cursor}=`,
        `${cursor}%20`,
        '',
        'null',
        Buffer.from('[]').toString('base64url'),
        Buffer.from('{"a":1}').toString('base64url'),
        'A'.repeat(2_001),
      ].map((text): [string, string] => ['sort=name', text])
      const cases = [...foreign, ...damaged]
      const faults: string[] = []
      for (const [query, text] of cases)
        faults.push(...(await refusalFaults(`limit=1&${query}&cursor=${text}`, 'cursor')))
      t.strictSame(faults, [], `each of ${cases.length} is refused`)
      t.ok(cases.length > cursor.length, 'each character of it was damaged')
      t.equal((await call('GET', `/v1/products?limit=50&sort=name&cursor=${cursor}`)).status, 200)
    },
  )

  await t.test('refuses what it does not know', async (t) => {
    const cases: [string, string][] = [
      ['sort=stock', 'sort'],
      ['sort=', 'sort'],
      ['sort=name&sort=price', 'sort'],
      ['minPrice=-1', 'minPrice'],
      ['minPrice=1.5', 'minPrice'],
      ['maxPrice=9007199254740992', 'maxPrice'],
      ['minPrice=x', 'minPrice'],
      ['minPrice=2&maxPrice=1', 'maxPrice'],
      ['q=', 'q'],
      [`q=${'a'.repeat(101)}`, 'q'],
      ['q=a%00b', 'q'],
      ['offset=1', ''],
    ]
    for (const [query, path] of cases) {
      t.strictSame(await refusalFaults(query, path), [], query)
    }
  })
})
