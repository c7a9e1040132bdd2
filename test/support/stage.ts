import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { FastifyInstance } from 'fastify'
import type { Sql } from 'postgres'
import { v7 as uuidv7 } from 'uuid'
import { PAGE_AUDIENCE } from '../../src/auth/auth.claims.js'
import type { OrderStatus } from '../../src/orders/orders.status.js'
import { encodeToken, hashOf, newRefreshToken } from '../../src/sessions/sessions.tokens.js'
import type { Role } from '../../src/shared/principal.js'
import type { Call, World } from './app.js'
import { insertDeadLetter } from './dead-letters.js'
import { registerAdmin, unique } from './factories.js'

/** Somebody with an account and a session, all of it recognisable wherever it turns up. */
export interface Person {
  readonly id: string
  readonly email: string
  readonly name: string
  readonly password: string
  readonly sessionId: string
  readonly device: string
  readonly token: string
  /** Of the pages for admins; of nobody else is it any good. */
  readonly pageCookie: string
  readonly refreshToken: string
}

/** The people of one scene, who have nothing to do with those of another, and what the owner owns. */
export interface Stage {
  readonly owner: Person
  readonly other: Person
  readonly admin: Person
  readonly productId: string
  readonly orderId: string
  /** Of the owner, ready and shown nowhere. */
  readonly uploadId: string
  /** Another one of his, shown at its public address. */
  readonly mediaId: string
  readonly webhookId: string
  readonly deliveryId: string
}

export interface Stages {
  readonly setStage: () => Promise<Stage>
  /** What a mail would have brought. */
  readonly mailToken: (owner: Person, purpose: 'verify_email' | 'reset_password') => Promise<string>
  /** Puts an order into that state, whatever it was in. */
  readonly moveOrder: (orderId: string, status: OrderStatus) => Promise<void>
  /** A job that was given up. @returns its id */
  readonly deadLetter: (queue: string) => Promise<string>
}

/**
 * Makes people by writing rows: a hundred times a registration and a log-in would take most of a minute.
 * One password, hashed once by the app itself, is good for all of them.
 */
export const createStages = async (
  world: World,
  { app, call }: { app: FastifyInstance; call: Call },
): Promise<Stages> => {
  const { sql } = world.database
  // An admin, so that the one on stage is never the last.
  const { id, password } = await registerAdmin(call, world)
  const [row] = await sql<{ hash: string }[]>`select password_hash as hash from users where id = ${id}`
  const passwordHash = row?.hash ?? ''
  const imageId = await storeImage(world)
  const tomorrow = new Date(Date.now() + 24 * 3_600_000)

  const createPerson = (role: Role) => {
    const id = uuidv7()
    const sessionId = uuidv7()
    const refresh = newRefreshToken()
    const [email, name, device] = [`${unique('p')}@example.com`, unique('Name'), unique('Browser')]
    const token = app.jwt.sign({ sub: id, sid: sessionId, role })
    const since = Math.floor(Date.now() / 1_000)
    const signPage = () => app.jwt.sign({ sub: id, sid: sessionId, role, since }, { aud: PAGE_AUDIENCE })
    const refreshToken = encodeToken(refresh)
    const hashes = { family_hash: hashOf(refresh.family), refresh_token_hash: hashOf(refresh.secret) }
    return {
      person: {
        ...{ id, email, name, password, sessionId, device, token, refreshToken },
        // Signed when it is asked for, which it seldom is.
        get pageCookie() {
          return `unnest_admin=${signPage()}`
        },
      },
      user: { id, email, name, role, password_hash: passwordHash },
      session: { id: sessionId, user_id: id, user_agent: device, expires_at: tomorrow, ...hashes },
    }
  }

  return {
    setStage: async () => {
      const [owner, other, admin] = [createPerson('user'), createPerson('user'), createPerson('admin')]
      const people = [owner, other, admin]
      await sql`insert into users ${sql(people.map(({ user }) => user))}`
      await sql`insert into sessions ${sql(people.map(({ session }) => session))}`
      const things = {
        ...(await placeOrder(sql, owner.person)),
        ...(await insertUploads(sql, owner.person, imageId)),
        ...(await makeWebhook(sql, owner.person)),
      }
      return { owner: owner.person, other: other.person, admin: admin.person, ...things }
    },
    moveOrder: async (orderId, status) => {
      await sql`update orders set status = ${status} where id = ${orderId}`
    },
    deadLetter: (queue) => insertDeadLetter(world, { queue }),
    mailToken: async (owner, purpose) => {
      const token = randomBytes(32).toString('base64url')
      await sql`insert into one_time_tokens (token_hash, user_id, purpose, expires_at)
        values (${createHash('sha256').update(token).digest()}, ${owner.id}, ${purpose},
          now() + interval '1 hour')`
      return token
    },
  }
}

const VARIANTS = ['original', 'small', 'medium', 'large']

/** One image for all uploads of all scenes; its files are no pictures, which nobody looks at here. */
const storeImage = async ({ database: { sql }, uploadsDir }: World): Promise<string> => {
  const id = uuidv7()
  const digest = createHash('sha256').update(id).digest('hex')
  const content = { contentType: 'image/webp', bytes: 4, width: 1, height: 1 }
  const images = Object.fromEntries(VARIANTS.map((variant) => [variant, content]))
  await sql`insert into stored_images (id, sha256, images, in_use)
    values (${id}, decode(${digest}, 'hex'), ${sql.json(images)}, true)`
  await mkdir(join(uploadsDir, digest.slice(0, 2)), { recursive: true })
  for (const variant of VARIANTS)
    await writeFile(join(uploadsDir, digest.slice(0, 2), `${digest}.${id}.${variant}`), 'webp')
  return id
}

const insertUploads = async (sql: Sql, owner: Person, imageId: string) => {
  const [uploadId, shownId, mediaId] = [uuidv7(), uuidv7(), randomUUID()]
  const rows = [uploadId, shownId].map((id) => ({
    ...{ id, user_id: owner.id, stored_image_id: imageId, status: 'ready' },
    ...{ content_type: 'image/webp', bytes: 4 },
  }))
  await sql`insert into uploads ${sql(rows)}`
  await sql`insert into media (id, upload_id) values (${mediaId}, ${shownId})`
  return { uploadId, mediaId }
}

const makeWebhook = async (sql: Sql, owner: Person) => {
  const [webhookId, messageId, deliveryId] = [uuidv7(), uuidv7(), uuidv7()]
  await sql`insert into webhook_endpoints (id, user_id, url, description, events, secret)
    values (${webhookId}, ${owner.id}, 'https://example.com/hook', '', '{order.placed}', 'none')`
  await sql`insert into webhook_messages (id, user_id, event_id, type, body)
    values (${messageId}, ${owner.id}, ${messageId}, 'order.placed', '{}')`
  await sql`insert into webhook_deliveries (id, message_id, endpoint_id)
    values (${deliveryId}, ${messageId}, ${webhookId})`
  return { webhookId, deliveryId }
}

const placeOrder = async (sql: Sql, owner: Person) => {
  const [productId, orderId, sku] = [uuidv7(), uuidv7(), unique('sku')]
  await sql`insert into products (id, sku, name, description, price_amount, price_currency, stock)
    values (${productId}, ${sku}, 'Mug', '', 100, 'EUR', 10)`
  await sql`insert into orders (id, user_id, status, total_amount, currency)
    values (${orderId}, ${owner.id}, 'placed', 100, 'EUR')`
  await sql`insert into order_items (order_id, position, product_id, sku, name, unit_price_amount, quantity)
    values (${orderId}, 0, ${productId}, ${sku}, 'Mug', 100, 1)`
  await sql`insert into order_events (order_id, version, actor_id, to_status)
    values (${orderId}, 1, ${owner.id}, 'placed')`
  return { productId, orderId }
}
