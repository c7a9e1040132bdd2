import { CACHE_MANAGER, type Cache } from '@nestjs/cache-manager';
import { Inject, Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { DataSource, IsNull, type Repository, type SelectQueryBuilder } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { AuditService } from '../audit/audit.service.js';
import type { Principal } from '../auth/principal.js';
import { violatedConstraint } from '../shared/database/failures.js';
import { decodeCursor, type Page, toPage } from '../shared/http/page.js';
import type { Origin } from '../shared/http/request.js';
import type { CreateProductDto } from './dto/create-product.dto.js';
import type { ListProductsQuery } from './dto/list-products.query.js';
import { ProductDto } from './dto/product.dto.js';
import { Product } from './entities/product.entity.js';
import { ProductNotFoundException, SkuTakenException } from './products.errors.js';
import { isPositionOf, keyOf, type ProductPosition, type ProductSort } from './products.sorts.js';

interface ListedProduct {
  readonly product: Product;
  readonly position: ProductPosition;
}

@Injectable()
export class ProductsService {
  constructor(
    @InjectRepository(Product) private readonly products: Repository<Product>,
    private readonly dataSource: DataSource,
    private readonly audit: AuditService,
    @Inject(CACHE_MANAGER) private readonly cache: Cache,
  ) {}

  async create(
    editor: Principal,
    { price, ...values }: CreateProductDto,
    origin: Origin,
  ): Promise<ProductDto> {
    const priced = { priceAmount: price.amount, priceCurrency: price.currency };
    const product = this.products.create({ id: uuidv7(), ...values, ...priced });
    try {
      await this.dataSource.transaction(async (manager) => {
        await manager.insert(Product, product);
        const who = { actorId: editor.userId, sessionId: editor.sessionId, subjectId: null };
        const deed = { action: 'product.created', ...who, details: { productId: product.id } } as const;
        await this.audit.record(manager, deed, origin);
      });
    } catch (error) {
      throw violatedConstraint(error) === 'products_sku_key' ? new SkuTakenException() : error;
    }
    return ProductDto.of(product);
  }

  async get(id: string): Promise<ProductDto> {
    const product = await this.products.findOneBy({ id, deletedAt: IsNull() });
    if (!product) throw new ProductNotFoundException();
    return ProductDto.of(product);
  }

  async list(query: ListProductsQuery): Promise<Page<ProductDto>> {
    const { limit, cursor, q = null, minPrice = null, maxPrice = null, sort } = query;
    const filters = { list: 'products', q, minPrice, maxPrice, sort };
    const after = decodeCursor(filters, cursor, isPositionOf(sort));
    const rows = await this.find(query, after, limit + 1);
    return toPage(
      filters,
      limit,
      rows,
      ({ product }) => ProductDto.of(product),
      ({ position }) => position,
    );
  }

  /** Forgets the cached answers about products whose stock has moved. Lists may be older, by their time to live. */
  async forget(ids: readonly string[]): Promise<void> {
    await this.cache.mdel(ids.map((id) => `/v1/products/${id}`));
  }

  private async find(
    { q, minPrice, maxPrice, sort }: ListProductsQuery,
    after: ProductPosition | undefined,
    limit: number,
  ): Promise<ListedProduct[]> {
    const builder = this.products.createQueryBuilder('product').where('product.deleted_at is null');
    if (q !== undefined) builder.andWhere(`product.search @@ websearch_to_tsquery('english', :q)`, { q });
    if (minPrice !== undefined) builder.andWhere('product.price_amount >= :minPrice', { minPrice });
    if (maxPrice !== undefined) builder.andWhere('product.price_amount <= :maxPrice', { maxPrice });
    this.sort(builder, sort, after);
    const { entities, raw } = await builder.limit(limit).getRawAndEntities<{ sort_key?: string | number }>();
    return entities.map((product, index) => {
      const key = raw[index]?.sort_key;
      return { product, position: key == null ? [product.id] : [key, product.id] };
    });
  }

  /** Key and id are compared as one, which is how the index is sorted: no row is seen twice, none is passed over. */
  private sort(
    builder: SelectQueryBuilder<Product>,
    sort: ProductSort,
    after: ProductPosition | undefined,
  ): void {
    const direction = sort.startsWith('-') ? 'DESC' : 'ASC';
    const operator = sort.startsWith('-') ? '<' : '>';
    const key = keyOf(sort);
    if (key) builder.addSelect(key, 'sort_key').orderBy('sort_key', direction);
    builder.addOrderBy('product.id', direction);
    if (after && key) {
      const [value, id] = after;
      builder.andWhere(`(${key}, product.id) ${operator} (:value, :after)`, { value, after: id });
    } else if (after) {
      builder.andWhere(`product.id ${operator} :after`, { after: after[0] });
    }
  }
}
