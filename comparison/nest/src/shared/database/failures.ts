import { QueryFailedError } from 'typeorm';

const memberOf = (thrown: unknown, name: string): string | undefined => {
  const value = typeof thrown === 'object' && thrown !== null ? Reflect.get(thrown, name) : undefined;
  return typeof value === 'string' ? value : undefined;
};

const driverErrorOf = (thrown: unknown): unknown =>
  thrown instanceof QueryFailedError ? thrown.driverError : thrown;

/** The unique or foreign key constraint that a write has violated; undefined for any other failure. */
export const violatedConstraint = (thrown: unknown): string | undefined => {
  const error = driverErrorOf(thrown);
  return ['23505', '23503'].includes(memberOf(error, 'code') ?? '')
    ? memberOf(error, 'constraint')
    : undefined;
};

/** Connection exceptions, operator intervention, no resources, conflicts of transactions and locks. */
const TRANSIENT_SQLSTATE = /^(08|57|53|40001|40P01|55P03|25P03|25P04|3D000)/;
const TRANSIENT_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
]);
/** What the driver says without a code. */
const TRANSIENT_MESSAGE = /timeout exceeded when trying to connect|Connection terminated|Query read timeout/;

/** Whether the failure is the database's state of the moment. */
export const isTransientFailure = (thrown: unknown): boolean => {
  const error = driverErrorOf(thrown);
  const code = memberOf(error, 'code') ?? '';
  return (
    TRANSIENT_SQLSTATE.test(code) ||
    TRANSIENT_CODES.has(code) ||
    TRANSIENT_MESSAGE.test(memberOf(error, 'message') ?? '')
  );
};
