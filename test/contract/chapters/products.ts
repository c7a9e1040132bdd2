import type { Test } from 'tap'
import { isProblem } from '../support/problem.js'
import { newProduct, type Scene, UNKNOWN_ID, unique, uniqueWord } from '../support/scene.js'
import { faultyPaths, isProduct, isSuccess } from '../support/shapes.js'

const INVALID = { status: 400, code: 'validation_failed' }

const makeOne = async (t: Test, { call, admin, ada, createProduct }: Scene): Promise<void> => {
  const create = (body: unknown, token?: string) =>
    call('POST', '/v1/products', { body, ...(token !== undefined && { token }) })

  await t.test('an admin adds a product, and everybody sees it', async (t) => {
    const sent = newProduct({ name: '  Mug  ' })
    const answer = await create(sent, admin.token)
    isSuccess(t, answer, 201)
    isProduct(t, answer.body.data)
    t.match(answer.body.data, { ...sent, name: 'Mug', imageUrl: null })
    const location = answer.headers.get('location') ?? ''
    t.equal(location, `/v1/products/${answer.body.data.id}`)
    const seen = await call('GET', location)
    isSuccess(t, seen, 200, 'anybody')
    t.strictSame(seen.body, answer.body)
    t.strictSame((await call('GET', location)).body, answer.body, 'from whatever cache')
    const { description: _none, ...rest } = newProduct()
    t.equal((await create(rest, admin.token)).body.data.description, '', 'a description can be left out')
  })

  await t.test('nobody else does', async (t) => {
    isProblem(t, await create(newProduct(), ada.token), { status: 403, code: 'forbidden' })
    isProblem(t, await create(newProduct()), { status: 401, code: 'unauthenticated' })
    isProblem(
      t,
      await create({}, ada.token),
      { status: 403, code: 'forbidden' },
      'before the body is looked at',
    )
  })

  await t.test('a sku is of one product only', async (t) => {
    const { sku } = await createProduct()
    isProblem(t, await create(newProduct({ sku }), admin.token), { status: 409, code: 'sku_taken' })
    const body = newProduct()
    const answers = await Promise.all(Array.from({ length: 4 }, () => create(body, admin.token)))
    t.strictSame(answers.map(({ status }) => status).sort(), [201, 409, 409, 409], 'also at the same time')
  })

  await t.test('what is not valid is named', async (t) => {
    for (const [changes, path] of [
      [{ sku: 'no spaces' }, 'sku'],
      [{ sku: 'x'.repeat(65) }, 'sku'],
      [{ name: '' }, 'name'],
      [{ name: 'x'.repeat(201) }, 'name'],
      [{ name: 'Mug\u0000' }, 'name'],
      [{ description: null }, 'description'],
      [{ price: { amount: 19.99, currency: 'EUR' } }, 'price.amount'],
      [{ price: { amount: -1, currency: 'EUR' } }, 'price.amount'],
      [{ price: { amount: '1999', currency: 'EUR' } }, 'price.amount'],
      [{ price: { amount: 1_999, currency: 'eur' } }, 'price.currency'],
      [{ price: { amount: 1_999, currency: 'ZZZ' } }, 'price.currency'],
      [{ price: { amount: 1_999, currency: 'EUR', tax: 19 } }, 'price'],
      [{ price: 1_999 }, 'price'],
      [{ stock: -1 }, 'stock'],
      [{ stock: 1.5 }, 'stock'],
      [{ stock: undefined }, 'stock'],
      [{ id: UNKNOWN_ID }, ''],
    ] as const) {
      const answer = await create(newProduct(changes), admin.token)
      isProblem(t, answer, INVALID, JSON.stringify(changes).slice(0, 60))
      t.strictSame(faultyPaths(answer), [path], JSON.stringify(changes).slice(0, 60))
    }
  })
}

const readOne = async (t: Test, { call }: Scene): Promise<void> => {
  await t.test('a product that is not there is not found', async (t) => {
    const path = `/v1/products/${UNKNOWN_ID}`
    isProblem(t, await call('GET', path), { status: 404, code: 'product_not_found', instance: path })
    const broken = await call('GET', '/v1/products/no-id')
    isProblem(t, broken, INVALID)
    t.strictSame(faultyPaths(broken), ['id'])
    isProblem(t, await call('GET', `${path}?fields=sku`), INVALID, 'an unknown query')
  })
}

const PRICES = [300, 100, 200, 100, 500]
const NAMES = ['Cup', 'apron', 'Bowl', 'dish', 'Ewer']
const SORTS = ['price', '-price', 'name', '-name', 'createdAt', '-createdAt'] as const

interface Listed {
  readonly id: string
  readonly name: string
  readonly price: { readonly amount: number }
}

/** What each sort compares: names in lower case. */
const keyOf = (sort: string, { id, name, price }: Listed): string | number =>
  ({ price: price.amount, name: name.toLowerCase(), createdAt: id })[sort.replace('-', '')] ?? ''

const isSorted = (items: readonly Listed[], sort: string): boolean =>
  items.every((item, index) => {
    const before = items[index - 1]
    if (before === undefined) return true
    const [one, other] = [keyOf(sort, before), keyOf(sort, item)]
    return sort.startsWith('-') ? one >= other : one <= other
  })

const list = async (t: Test, { call, createProduct }: Scene): Promise<void> => {
  const word = uniqueWord()
  for (const [index, amount] of PRICES.entries()) {
    const price = { amount, currency: 'EUR' }
    await createProduct({ name: `${NAMES[index]} ${word}`, price, description: unique('of') })
  }
  const find = (query: string) => call('GET', `/v1/products?q=${word}${query}`)

  await t.test('products are found by a word and sorted, page by page', async (t) => {
    for (const sort of SORTS) {
      const found: Listed[] = []
      let cursor: string | null = ''
      for (let page = 0; cursor !== null && page < 5; page += 1) {
        const answer = await find(`&sort=${sort}&limit=2${cursor && `&cursor=${encodeURIComponent(cursor)}`}`)
        isSuccess(t, answer, 200, 'anybody')
        t.strictSame(Object.keys(answer.body.meta), ['nextCursor'])
        found.push(...answer.body.data)
        cursor = answer.body.meta.nextCursor
      }
      t.equal(found.length, PRICES.length, `${sort}: each once`)
      t.equal(new Set(found.map(({ id }) => id)).size, PRICES.length)
      t.ok(isSorted(found, sort), sort)
    }
    const { body } = await find('')
    for (const product of body.data) isProduct(t, product)
    t.ok(isSorted(body.data, '-createdAt'), 'newest first if nothing is said')
    t.equal(body.meta.nextCursor, null)
  })

  await t.test('products are found by price', async (t) => {
    const within = async (query: string) => {
      const { body } = await find(`${query}&sort=price`)
      return body.data.map(({ price }: Listed) => price.amount)
    }
    t.strictSame(await within('&minPrice=200&maxPrice=300'), [200, 300], 'both ends count')
    t.strictSame(await within('&minPrice=501'), [])
    t.strictSame((await call('GET', `/v1/products?q=${uniqueWord()}`)).body, {
      data: [],
      meta: { nextCursor: null },
    })
  })

  await t.test('a cursor is of one list and its filters', async (t) => {
    const { nextCursor } = (await find('&sort=price&limit=2')).body.meta
    const cursor = encodeURIComponent(nextCursor)
    const changed = encodeURIComponent(`${nextCursor.slice(0, -3)}AAA`)
    for (const query of [
      `&sort=-price&limit=2&cursor=${cursor}`,
      `&sort=price&limit=2&minPrice=1&cursor=${cursor}`,
      `&sort=price&cursor=${changed}`,
      '&cursor=nothing',
    ]) {
      const answer = await find(query)
      isProblem(t, answer, INVALID, query)
      t.strictSame(faultyPaths(answer), ['cursor'])
    }
    t.equal((await find(`&sort=price&limit=3&cursor=${cursor}`)).status, 200, 'but the limit may change')
  })

  await t.test('a query that is not valid is refused', async (t) => {
    for (const [query, path] of [
      ['limit=0', 'limit'],
      ['limit=101', 'limit'],
      ['limit=x', 'limit'],
      ['limit=1.5', 'limit'],
      ['limit=', 'limit'],
      ['limit=1&limit=2', 'limit'],
      ['sort=stock', 'sort'],
      ['minPrice=-1', 'minPrice'],
      ['minPrice=2&maxPrice=1', 'maxPrice'],
      ['q=', 'q'],
      [`q=${'x'.repeat(101)}`, 'q'],
      ['page=2', ''],
    ] as const) {
      const answer = await call('GET', `/v1/products?${query}`)
      isProblem(t, answer, INVALID, query)
      t.strictSame(faultyPaths(answer), [path], query)
    }
  })
}

/** The catalogue. */
export const products = async (t: Test, scene: Scene): Promise<void> => {
  await makeOne(t, scene)
  await readOne(t, scene)
  await list(t, scene)
}
