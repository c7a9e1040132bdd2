import type { Test } from 'tap'
import type { Scene } from '../support/scene.js'
import { auth } from './auth.js'
import { orderLists } from './order-lists.js'
import { orders } from './orders.js'
import { products } from './products.js'
import { protocol } from './protocol.js'
import { stock } from './stock.js'
import { users } from './users.js'

const chapters: Readonly<Record<string, (t: Test, scene: Scene) => Promise<void>>> = {
  'registration, log-in, refresh': auth,
  users,
  products,
  orders,
  'lists of orders': orderLists,
  'stock under parallel orders': stock,
  'protocol and health': protocol,
}

/**
 * The contract that every implementation keeps, tested over HTTP alone. It makes its own users and products, so it may
 * run on a service in use, again and again; what it has made stays.
 */
export const contract = async (t: Test, scene: Scene): Promise<void> => {
  for (const [name, chapter] of Object.entries(chapters)) {
    await t.test(name, (t) => chapter(t, scene))
  }
}
