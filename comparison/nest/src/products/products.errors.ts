import { ProblemException } from '../shared/http/errors/problem.exception.js';

export class ProductNotFoundException extends ProblemException {
  constructor(facts: Readonly<Record<string, unknown>> = {}) {
    super('product_not_found', 404, 'There is no such product.', facts);
  }
}

export class SkuTakenException extends ProblemException {
  constructor() {
    super('sku_taken', 409, 'Another product has this sku.');
  }
}

export class InsufficientStockException extends ProblemException {
  constructor(items: readonly object[]) {
    super('insufficient_stock', 409, 'There is not enough in stock for this order.', { items });
  }
}
