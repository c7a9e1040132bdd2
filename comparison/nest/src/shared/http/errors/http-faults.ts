import { ProblemException } from './problem.exception.js';

/** Faults of the protocol itself, by status: Nest, Express and Fastify throw them in forms of their own. */
const FAULTS: Readonly<Record<number, readonly [code: string, title: string]>> = {
  400: ['bad_request', 'The request is not valid HTTP.'],
  404: ['not_found', 'There is nothing here.'],
  405: ['method_not_allowed', 'This method does not work here.'],
  408: ['request_timeout', 'The request did not arrive in time.'],
  413: ['payload_too_large', 'The body is too large.'],
  414: ['uri_too_long', 'The address is too long.'],
  415: ['unsupported_media_type', 'This is not sent in a media type, or an encoding, that is taken here.'],
  429: ['too_many_requests', 'Too many requests: wait a little.'],
  500: ['internal_error', 'Something went wrong on our side.'],
};

export const httpFault = (
  status: number,
  headers: Readonly<Record<string, string>> = {},
): ProblemException => {
  const known = FAULTS[status] ? status : status < 500 ? 400 : 500;
  const [code, title] = FAULTS[known] ?? ['internal_error', 'Something went wrong on our side.'];
  return new ProblemException(code, known, title, {}, title, headers);
};
