import { HttpException } from '@nestjs/common';

/** An expected failure: what clients see of it, in the form of RFC 9457. */
export class ProblemException extends HttpException {
  constructor(
    readonly code: string,
    status: number,
    readonly title: string,
    /** Further members of the problem. */
    readonly facts: Readonly<Record<string, unknown>> = {},
    readonly detail: string = title,
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(title, status);
  }
}

/** One fault of an invalid input: where (`items.0.quantity`) and what. */
export interface FieldFault {
  readonly path: string;
  readonly message: string;
}

/** A hostile body has as many faults as it has bytes. */
const MAX_FAULTS = 20;

export class ValidationFailedException extends ProblemException {
  constructor(errors: readonly FieldFault[]) {
    super('validation_failed', 400, 'The input is not valid.', { errors: errors.slice(0, MAX_FAULTS) });
  }
}

export class UnauthenticatedException extends ProblemException {
  constructor() {
    const title = 'Sign in: the access token is missing, expired or not valid.';
    super('unauthenticated', 401, title, {}, title, { 'www-authenticate': 'Bearer' });
  }
}

export class ForbiddenException extends ProblemException {
  constructor() {
    super('forbidden', 403, 'You may not do this.');
  }
}

export class UnavailableException extends ProblemException {
  constructor(detail?: string) {
    super('unavailable', 503, 'The service is briefly unavailable.', {}, detail, { 'retry-after': '1' });
  }
}
