/** The same in both adapters. */
export const MAX_BODY_BYTES = 1_048_576;
export const MAX_PARAMETER_LENGTH = 200;
export const REQUEST_TIMEOUT_MS = 30_000;
/** Longer than the usual balancer's own 60 s, so that it is never us who closes a socket it is about to use. */
export const KEEP_ALIVE_TIMEOUT_MS = 65_000;
