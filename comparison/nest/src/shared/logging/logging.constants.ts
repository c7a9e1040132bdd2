export const PINO = Symbol('pino');
