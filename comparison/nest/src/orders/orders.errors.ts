import { ProblemException } from '../shared/http/errors/problem.exception.js';
import type { OrderStatus } from './orders.status.js';

/** Also for somebody else's order: whether it exists is not theirs to know. */
export class OrderNotFoundException extends ProblemException {
  constructor() {
    super('order_not_found', 404, 'There is no such order.');
  }
}

export class MixedCurrenciesException extends ProblemException {
  constructor() {
    super('mixed_currencies', 409, 'The prices of one order must be in one currency.');
  }
}

export class InvalidTransitionException extends ProblemException {
  constructor(from: OrderStatus, to: OrderStatus) {
    const title = 'The order is in a state in which this cannot be done.';
    super('invalid_transition', 409, title, { from, to }, `An order that is ${from} cannot become ${to}.`);
  }
}
