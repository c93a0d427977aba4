/** A request that breaks its schema, with every place where it does: RFC 9457 calls the list `errors`. */
import type { z } from 'zod';
import { AppError } from '../errors.ts';

/** At most this many places are named; a hostile body has no say in the size of the answer. */
const MAX_FIELDS = 20;

export interface FieldError {
  /** `#/json/pointer` into the body, `?name` for a query parameter, `{name}` for a path parameter. */
  readonly pointer: string;
  readonly detail: string;
}

export class InvalidRequest extends AppError {
  readonly fields: readonly FieldError[];

  constructor(fields: readonly FieldError[]) {
    super(
      'invalid_request',
      // Of the body as a whole there is no place to name.
      fields
        .map(({ pointer, detail }) => (pointer === '#' ? detail : `${pointer}: ${detail}`))
        .join('; '),
    );
    this.fields = fields;
  }
}

export type RequestPart = 'params' | 'query' | 'body';

/** What a failed parse says, in the request's own words; `at` is where the parsed value stands. */
export function invalidRequest(
  part: RequestPart,
  error: z.ZodError,
  at: readonly PropertyKey[] = [],
): InvalidRequest {
  const fields = error.issues.flatMap((issue) => fieldsOf(part, issue, at));
  return new InvalidRequest(fields.slice(0, MAX_FIELDS));
}

function fieldsOf(
  part: RequestPart,
  issue: z.core.$ZodIssue,
  at: readonly PropertyKey[],
): FieldError[] {
  const path = [...at, ...issue.path];
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => ({
      pointer: pointerTo(part, [...path, key]),
      detail: 'There is no such field',
    }));
  if (issue.code !== 'invalid_union' || issue.errors.length === 0)
    return [{ pointer: pointerTo(part, path), detail: issue.message }];
  // Of a union, the one branch that the value was meant for, where there is one; else all they expected.
  const [meant, second] = issue.errors.filter((branch) => branch.every(isInside));
  if (meant && !second) return meant.flatMap((inner) => fieldsOf(part, inner, path));
  const expected = new Set(issue.errors.flat().map(({ message }) => message));
  return [{ pointer: pointerTo(part, path), detail: [...expected].join(', or ') }];
}

/** The value is of the branch's kind; what is wrong is a part of it. */
function isInside(issue: z.core.$ZodIssue): boolean {
  return issue.path.length > 0 || issue.code === 'unrecognized_keys';
}

/** See `FieldError.pointer`. */
export function pointerTo(part: RequestPart, path: readonly PropertyKey[]): string {
  const names = path.map((key) => String(key).slice(0, 100));
  if (part === 'query') return `?${names.join('.')}`;
  if (part === 'params') return `{${names.join('.')}}`;
  const escaped = names.map((name) => name.replaceAll('~', '~0').replaceAll('/', '~1'));
  return ['#', ...escaped].join('/');
}
