import { v7 as uuidv7 } from 'uuid'
import type { AuditAction, AuditTrail } from '../shared/database/audit.js'
import type { Database, Executor, Transaction } from '../shared/database/client.js'
import type { Origin } from '../shared/origin.js'
import type { Principal } from '../shared/principal.js'
import { requireVersion, type VersionCheck } from '../shared/version.js'
import { productNotFound } from './products.errors.js'
import type { ProductsRepository, VersionedProduct } from './products.repository.js'
import type { NewProduct, Product, ProductChanges } from './products.schemas.js'

export interface ProductsServiceNeeds {
  readonly database: Database
  readonly auditTrail: AuditTrail
  readonly repositoryOf: (executor: Executor) => ProductsRepository
}

/** Who changes the catalogue, and from where. */
export interface Editor {
  readonly principal: Principal
  readonly origin: Origin
}

export interface ProductsService {
  /** @throws sku_taken */
  readonly createProduct: (editor: Editor, product: NewProduct) => Promise<VersionedProduct>
  /** What is so already is not changed. @throws product_not_found, precondition_failed, sku_taken */
  readonly changeProduct: (
    editor: Editor,
    id: string,
    changes: ProductChanges,
    expected: VersionCheck,
  ) => Promise<VersionedProduct>
  /** Takes it off sale for good; past orders keep what they say of it. @throws product_not_found, precondition_failed */
  readonly withdrawProduct: (editor: Editor, id: string, expected: VersionCheck) => Promise<void>
  /** @throws product_not_found */
  readonly getProduct: (id: string) => Promise<VersionedProduct>
  readonly listProducts: ProductsRepository['listProducts']
}

const orNotFound = <T>(found: T | undefined): T => {
  if (found === undefined) throw productNotFound()
  return found
}

const isSamePrice = (one: Product['price'], other: Product['price']): boolean =>
  one.amount === other.amount && one.currency === other.currency

/** The fields of `wanted` that are otherwise in `product`. */
const differences = (product: Product, { price, ...wanted }: ProductChanges): string[] => {
  const current = new Map<string, unknown>(Object.entries(product))
  return [
    ...Object.entries(wanted).flatMap(([field, value]) => (value === current.get(field) ? [] : [field])),
    ...(price && !isSamePrice(price, product.price) ? ['price'] : []),
  ]
}

export const createProductsService = (needs: ProductsServiceNeeds): ProductsService => {
  const { database, auditTrail, repositoryOf } = needs
  const repository = repositoryOf(database)

  const record = (
    transaction: Transaction,
    { principal, origin }: Editor,
    action: AuditAction,
    details: Readonly<Record<string, string>>,
  ): Promise<void> => {
    const who = { actorId: principal.userId, sessionId: principal.sessionId, subjectId: null }
    return auditTrail.record(transaction, { action, ...who, origin, details })
  }

  /** Holds the product in the version that the editor has seen. */
  const lockExpected = async (transaction: Transaction, id: string, expected: VersionCheck) => {
    const product = orNotFound(await repositoryOf(transaction).lockProduct(id))
    requireVersion(expected, product.version)
    return product
  }

  return {
    createProduct: (editor, product) =>
      database.transaction(async (transaction) => {
        const created = await repositoryOf(transaction).insertProduct(uuidv7(), product)
        await record(transaction, editor, 'product.created', { productId: created.id })
        return created
      }),

    changeProduct: (editor, id, changes, expected) =>
      database.transaction(async (transaction) => {
        if (changes.sku !== undefined) await repositoryOf(transaction).lockSkus()
        const product = await lockExpected(transaction, id, expected)
        const fields = differences(product, changes)
        if (fields.length === 0) return product
        const changed = await repositoryOf(transaction).updateProduct(id, changes)
        await record(transaction, editor, 'product.changed', { productId: id, fields: fields.join() })
        return changed
      }),

    withdrawProduct: (editor, id, expected) =>
      database.transaction(async (transaction) => {
        await lockExpected(transaction, id, expected)
        await repositoryOf(transaction).withdrawProduct(id)
        await record(transaction, editor, 'product.withdrawn', { productId: id })
      }),

    getProduct: async (id) => orNotFound(await repository.findProduct(id)),
    listProducts: repository.listProducts,
  }
}
