/** The one place where a failure becomes an HTTP answer: RFC 9457, `application/problem+json`. */
import { randomUUID } from 'node:crypto';
import type { Problem } from '../contract/api.ts';
import { AppError } from '../errors.ts';
import { InvalidRequest } from './invalid-request.ts';

export const PROBLEM_MEDIA_TYPE = 'application/problem+json';

/** The problem document of an expected failure; null for a bug. */
export function problemOf(failure: unknown): Problem | null {
  if (!(failure instanceof AppError)) return null;
  return {
    type: `urn:phantomnet:error:${failure.code}`,
    title: failure.title,
    status: failure.status,
    detail: failure.message,
    ...(failure instanceof InvalidRequest && { errors: [...failure.fields] }),
  };
}

/** What a client learns of a bug: only a number that finds it in the log. */
export function internalProblem(): Problem & { instance: string } {
  return {
    type: 'about:blank',
    title: 'The server failed',
    status: 500,
    detail: 'The server met an error of its own. Its log has the details under this instance.',
    instance: `urn:uuid:${randomUUID()}`,
  };
}

export function problemResponse(problem: Problem, headers: Headers): Response {
  headers.set('content-type', PROBLEM_MEDIA_TYPE);
  headers.set('cache-control', 'no-store');
  return new Response(JSON.stringify(problem), { status: problem.status, headers });
}
