import type { AuditAction, AuditTrail } from '../shared/database/audit.js'
import { noteChanges } from '../shared/database/changes.js'
import type { Database, Executor, Transaction } from '../shared/database/client.js'
import { newId } from '../shared/new-id.js'
import type { Origin } from '../shared/origin.js'
import type { Principal } from '../shared/principal.js'
import { requireVersion, type VersionCheck } from '../shared/version.js'
import type { MediaService } from '../uploads/uploads.container.js'
import type { ProductListsRepository } from './product-lists.repository.js'
import { productNotFound } from './products.errors.js'
import type { ProductsRepository, ProductValues, VersionedProduct } from './products.repository.js'
import type { NewProduct, Product, ProductChanges } from './products.schemas.js'
import { productTags } from './products.tags.js'

export interface ProductsServiceNeeds {
  readonly database: Database
  readonly auditTrail: AuditTrail
  readonly mediaService: MediaService
  readonly repositoryOf: (executor: Executor) => ProductsRepository
  readonly listsOf: (executor: Executor) => ProductListsRepository
}

/** Who changes the catalogue, and from where. */
export interface Editor {
  readonly principal: Principal
  readonly origin: Origin
}

export interface ProductsService {
  /** @throws sku_taken, upload_not_found, upload_not_ready */
  readonly createProduct: (editor: Editor, product: NewProduct) => Promise<VersionedProduct>
  /**
   * What is so already is not changed.
   * @throws product_not_found, precondition_failed, sku_taken, upload_not_found, upload_not_ready
   */
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
  readonly listProducts: ProductListsRepository['listProducts']
}

const orNotFound = <T>(found: T | undefined): T => {
  if (found === undefined) throw productNotFound()
  return found
}

const isSamePrice = (one: Product['price'], other: Product['price']): boolean =>
  one.amount === other.amount && one.currency === other.currency

/** The fields of `wanted` that are otherwise in `product`. */
const differences = (
  product: VersionedProduct,
  { price, ...wanted }: ProductValues<ProductChanges>,
): string[] => {
  const current = new Map<string, unknown>(Object.entries(product))
  return [
    ...Object.entries(wanted).flatMap(([field, value]) => (value === current.get(field) ? [] : [field])),
    ...(price && !isSamePrice(price, product.price) ? ['price'] : []),
  ]
}

export const createProductsService = (needs: ProductsServiceNeeds): ProductsService => {
  const { database, auditTrail, mediaService, repositoryOf, listsOf } = needs
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

  /** Shows the upload that is wanted, and says so in place of it; without one the image stays as it is. */
  const showImage = async <T extends ProductChanges>(
    transaction: Transaction,
    { principal: { userId } }: Editor,
    current: string | null,
    { imageUploadId: uploadId, ...values }: T,
  ): Promise<ProductValues<T>> => {
    if (uploadId === undefined) return values
    return { ...values, imageId: await mediaService.exchange(transaction, { userId, current, uploadId }) }
  }

  return {
    createProduct: (editor, product) =>
      database.transaction(async (transaction) => {
        const values = await showImage(transaction, editor, null, product)
        const created = await repositoryOf(transaction).insertProduct(newId(), values)
        noteChanges(productTags([created.id]))
        await record(transaction, editor, 'product.created', { productId: created.id })
        return created
      }),

    changeProduct: (editor, id, changes, expected) =>
      database.transaction(async (transaction) => {
        // Whatever comes of it: another pod may have made this very change, and have died before it was told.
        noteChanges(productTags([id]))
        if (changes.sku !== undefined) await repositoryOf(transaction).lockSkus()
        const product = await lockExpected(transaction, id, expected)
        const values = await showImage(transaction, editor, product.imageId, changes)
        const fields = differences(product, values)
        if (fields.length === 0) return product
        const changed = await repositoryOf(transaction).updateProduct(id, values)
        await record(transaction, editor, 'product.changed', { productId: id, fields: fields.join() })
        return changed
      }),

    withdrawProduct: (editor, id, expected) =>
      database.transaction(async (transaction) => {
        noteChanges(productTags([id]))
        const { imageId } = await lockExpected(transaction, id, expected)
        await repositoryOf(transaction).withdrawProduct(id)
        await showImage(transaction, editor, imageId, { imageUploadId: null })
        await record(transaction, editor, 'product.withdrawn', { productId: id })
      }),

    getProduct: async (id) => orNotFound(await repository.findProduct(id)),
    listProducts: listsOf(database).listProducts,
  }
}
