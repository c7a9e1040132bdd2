import type { ProblemException } from './problem.exception.js';

export const PROBLEM_TYPE = 'application/problem+json; charset=utf-8';
const MAX_INSTANCE_LENGTH = 200;

/** What clients get of a problem: RFC 9457, with the code and the request's id. */
export const problemBody = (problem: ProblemException, url: string, requestId: string) => {
  const { code, title, detail, facts } = problem;
  return {
    ...facts,
    type: `urn:unnest:problem:${code}`,
    title,
    status: problem.getStatus(),
    detail,
    code,
    instance: url.replace(/[?#].*$/s, '').slice(0, MAX_INSTANCE_LENGTH),
    requestId,
  };
};
