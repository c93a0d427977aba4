/** Why a request failed, as the server's problem detail (RFC 9457) or, where it gave none, in our words. */
import type { Problem } from '../../../src/contract/api.ts';

/** `status` is 0 where the server was not reached, -1 where its reply breaks the contract. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: number;
  readonly title: string;
  readonly errors: NonNullable<Problem['errors']>;

  constructor(problem: Pick<Problem, 'status' | 'title' | 'detail' | 'errors'>) {
    super(problem.detail);
    this.status = problem.status;
    this.title = problem.title;
    this.errors = problem.errors ?? [];
  }
}
