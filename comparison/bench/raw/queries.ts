import postgres from 'postgres'

/** postgres.js prepares each of these once a connection. */
export const createQueries = (databaseUrl: string, poolMax: number) => {
  const sql = postgres(databaseUrl, { max: poolMax, onnotice: () => {} })
  return {
    profile: async (id: string) => {
      const [user] = await sql`select id, name, created_at from users where id = ${id} and deleted_at is null`
      return user && { id: user['id'], name: user['name'], avatarUrl: null, createdAt: user['created_at'] }
    },
    products: async (limit: number) => {
      const rows =
        await sql`select id, sku, name, description, price_amount, price_currency, stock, created_at, updated_at
        from products where deleted_at is null order by id desc limit ${limit}`
      return rows.map((row) => ({
        ...{ id: row['id'], sku: row['sku'], name: row['name'], description: row['description'] },
        price: { amount: row['price_amount'], currency: row['price_currency'] },
        ...{
          stock: row['stock'],
          imageUrl: null,
          createdAt: row['created_at'],
          updatedAt: row['updated_at'],
        },
      }))
    },
    /** Orders and their items in one query, items as Postgres writes JSON. */
    orders: async (userId: string, limit: number) => {
      const rows = await sql`select o.*, (
          select json_agg(json_build_object('productId', i.product_id, 'sku', i.sku, 'name', i.name, 'unitPrice',
            json_build_object('amount', i.unit_price_amount, 'currency', o.currency), 'quantity', i.quantity)
            order by i.position)
          from order_items i where i.order_id = o.id) as items
        from orders o where o.user_id = ${userId} order by o.id desc limit ${limit}`
      return rows.map((row) => ({
        ...{ id: row['id'], userId: row['user_id'], status: row['status'], items: row['items'] },
        total: { amount: Number(row['total_amount']), currency: row['currency'] },
        ...{ createdAt: row['created_at'], updatedAt: row['updated_at'] },
      }))
    },
    close: () => sql.end({ timeout: 2 }),
  }
}

export type Queries = ReturnType<typeof createQueries>
