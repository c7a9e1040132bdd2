import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { v7 as uuidv7 } from 'uuid';
import type { Principal } from '../../auth/principal.js';

/** What a request has on either adapter. */
export interface AppRequest {
  readonly id: string;
  readonly method: string;
  readonly url: string;
  readonly originalUrl: string;
  readonly ip?: string;
  readonly headers: IncomingMessage['headers'];
  /** Absent on public routes. */
  readonly user?: Principal;
}

/** What an answer has on either adapter. */
export interface AppResponse {
  readonly statusCode: number;
  header(name: string, value: string): unknown;
}

const WELL_FORMED = /^[\w.-]{8,128}$/;

/** Takes the caller's id over when it is safe to log and to echo, else makes one. */
export const requestIdOf = ({ headers }: IncomingMessage): string => {
  const given = headers['x-request-id'];
  return typeof given === 'string' && WELL_FORMED.test(given) ? given : uuidv7();
};

/** Where a request came from, for sessions and the audit log. */
export interface Origin {
  readonly address: string | null;
  readonly userAgent: string | null;
  readonly requestId: string;
}

const MAX_USER_AGENT_LENGTH = 200;

export const originOf = ({ id, ip, headers }: AppRequest): Origin => ({
  // Without a zone, as link-local addresses have one: Postgres' inet has none.
  address: isIP(ip?.replace(/%.*$/, '') ?? '') === 0 ? null : (ip?.replace(/%.*$/, '') ?? null),
  userAgent: headers['user-agent']?.slice(0, MAX_USER_AGENT_LENGTH) ?? null,
  requestId: id,
});
