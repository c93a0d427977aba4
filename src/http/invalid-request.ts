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
      fields.map(({ pointer, detail }) => `${pointer}: ${detail}`).join('; '),
    );
    this.fields = fields;
  }
}

export type RequestPart = 'params' | 'query' | 'body';

/** What a failed parse says, in the request's own words. */
export function invalidRequest(part: RequestPart, error: z.ZodError): InvalidRequest {
  const fields = error.issues.flatMap((issue): FieldError[] =>
    issue.code === 'unrecognized_keys'
      ? issue.keys.map((key) => ({
          pointer: pointerTo(part, [...issue.path, key]),
          detail: 'There is no such field',
        }))
      : [{ pointer: pointerTo(part, issue.path), detail: sentenceOf(issue) }],
  );
  return new InvalidRequest(fields.slice(0, MAX_FIELDS));
}

/** A union's own message is only "Invalid input"; what its branches expected says more. */
function sentenceOf(issue: z.core.$ZodIssue): string {
  if (issue.code !== 'invalid_union' || issue.errors.length === 0) return issue.message;
  return [...new Set(issue.errors.flat().map(({ message }) => message))].join(', or ');
}

function pointerTo(part: RequestPart, path: readonly PropertyKey[]): string {
  const names = path.map((key) => String(key).slice(0, 100));
  if (part === 'query') return `?${names.join('.')}`;
  if (part === 'params') return `{${names.join('.')}}`;
  const escaped = names.map((name) => name.replaceAll('~', '~0').replaceAll('/', '~1'));
  return ['#', ...escaped].join('/');
}
