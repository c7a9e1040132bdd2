import type { Test } from 'tap'
import { isProblem } from '../support/problem.js'
import { createPerson, type Person, type Scene, UNKNOWN_ID } from '../support/scene.js'
import { faultyPaths, isOrder, isSuccess } from '../support/shapes.js'

const INVALID = { status: 400, code: 'validation_failed' }
/** One more than fit on a page of which nothing is said. */
const PLACED = 21

interface Listed {
  readonly id: string
  readonly userId: string
  readonly status: string
  readonly createdAt: string
}

const idsIn = (orders: readonly Listed[]): string[] => orders.map(({ id }) => id)

const all = async (t: Test, { call }: Scene, { token }: Person, query: string): Promise<Listed[]> => {
  const found: Listed[] = []
  let cursor: string | null = ''
  for (let page = 0; cursor !== null && page <= PLACED; page += 1) {
    const answer = await call(
      'GET',
      `/v1/orders?${query}${cursor && `&cursor=${encodeURIComponent(cursor)}`}`,
      {
        token,
      },
    )
    isSuccess(t, answer, 200)
    t.strictSame(Object.keys(answer.body).sort(), ['data', 'meta'])
    found.push(...answer.body.data)
    cursor = answer.body.meta.nextCursor
  }
  return found
}

/** The orders of one who has placed some, the first of them cancelled. */
export const orderLists = async (t: Test, scene: Scene): Promise<void> => {
  const { call, admin, eve, createProduct, placeOrder } = scene
  const mary = await createPerson(call, 'Mary')
  const { id: productId } = await createProduct({ stock: PLACED })
  const placed: Listed[] = []
  for (let n = 0; n < PLACED; n += 1) {
    placed.push((await placeOrder(mary, [{ productId, quantity: 1 }])).body.data)
  }
  const newestFirst = idsIn(placed).reverse()
  const oldest = newestFirst.at(-1) ?? ''
  await call('POST', `/v1/orders/${oldest}/cancel`, { token: mary.token })

  await t.test('one sees one’s own orders, newest first, page by page', async (t) => {
    const { body } = await call('GET', '/v1/orders', { token: mary.token })
    t.equal(body.data.length, 20, 'a page has twenty if nothing is said')
    t.type(body.meta.nextCursor, 'string')
    isOrder(t, body.data[0])
    for (const query of ['limit=8', 'limit=100', '']) {
      t.strictSame(idsIn(await all(t, scene, mary, query)), newestFirst, query)
    }
    t.ok((await all(t, scene, eve, 'limit=100')).every(({ userId }) => userId === eve.id))
  })

  await t.test('an admin sees everybody’s, or those of one', async (t) => {
    const { body } = await call('GET', `/v1/orders?limit=${PLACED}`, { token: admin.token })
    t.ok(body.data.some(({ userId }: Listed) => userId !== admin.id))
    t.strictSame(idsIn(await all(t, scene, admin, `userId=${mary.id}&limit=20`)), newestFirst)
    t.strictSame(await all(t, scene, admin, `userId=${UNKNOWN_ID}`), [])
    const token = mary.token
    t.equal(
      (await call('GET', `/v1/orders?userId=${mary.id}`, { token })).status,
      200,
      'one may name oneself',
    )
    const other = await call('GET', `/v1/orders?userId=${mary.id}`, { token: eve.token })
    isProblem(t, other, { status: 403, code: 'forbidden' }, 'and nobody else')
  })

  await t.test('orders are found by state and by time', async (t) => {
    const find = async (query: string) => idsIn(await all(t, scene, mary, `limit=100&${query}`))
    t.strictSame(await find('status=cancelled'), [oldest])
    t.strictSame(await find('status=placed'), newestFirst.slice(0, -1))
    t.strictSame(await find('status=placed&status=cancelled'), newestFirst)
    t.strictSame(await find('status=shipped'), [])
    const moment = encodeURIComponent(placed[10]?.createdAt ?? '')
    const [later, earlier] = [await find(`createdAfter=${moment}`), await find(`createdBefore=${moment}`)]
    t.ok(later.length > 0 && earlier.length > 0)
    t.strictSame([...later, ...earlier].includes(newestFirst[10] ?? ''), false, 'neither limit is included')
    t.strictSame(newestFirst.slice(0, later.length), later)
    t.strictSame(newestFirst.slice(PLACED - earlier.length), earlier)
    t.strictSame(await find('createdAfter=2020-01-01T00:00:00%2B02:00'), newestFirst, 'with an offset')
  })

  await t.test('a cursor is of one list, its filters and its caller', async (t) => {
    const cursorOf = async (query: string): Promise<string> => {
      const { body } = await call('GET', `/v1/orders?${query}`, { token: mary.token })
      return encodeURIComponent(body.meta.nextCursor)
    }
    const cursor = await cursorOf('limit=2')
    for (const [query, { token }] of [
      [`status=placed&cursor=${cursor}`, mary],
      [`createdAfter=2020-01-01T00:00:00Z&cursor=${cursor}`, mary],
      [`cursor=${await cursorOf('limit=2&status=placed')}`, mary],
      [`cursor=${cursor}`, eve],
      ['cursor=nothing', mary],
    ] as const) {
      const answer = await call('GET', `/v1/orders?${query}`, { token })
      isProblem(t, answer, INVALID, query)
      t.strictSame(faultyPaths(answer), ['cursor'])
    }
  })

  await t.test('a query that is not valid is refused', async (t) => {
    for (const [query, path] of [
      ['limit=0', 'limit'],
      ['limit=101', 'limit'],
      ['status=lost', 'status'],
      ['createdAfter=yesterday', 'createdAfter'],
      ['createdBefore=2026-01-01', 'createdBefore'],
      ['userId=no-id', 'userId'],
      ['sort=total', ''],
    ] as const) {
      const answer = await call('GET', `/v1/orders?${query}`, { token: mary.token })
      isProblem(t, answer, INVALID, query)
      t.ok(
        faultyPaths(answer).every((each) => each === path || each.startsWith(`${path}.`)),
        query,
      )
    }
  })
}
