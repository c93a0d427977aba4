/** Page cursors: where the page before ended, in a form that says nothing and is checked when it comes back. */
import { AppError } from '../errors.ts';

/** The sort key and the number that breaks its ties. */
export interface Position {
  readonly key: number;
  readonly tie: number;
}

const ALPHABET = /^[A-Za-z0-9_-]+$/;
const CONTENT = /^(\d+(?:\.\d+)?(?:e[+-]?\d+)?):(\d{1,16})$/;

export function encodeCursor({ key, tie }: Position): string {
  return Buffer.from(`${key}:${tie}`).toString('base64url');
}

/** @throws AppError `invalid_request` where it is not one of ours. */
export function decodeCursor(cursor: string): Position {
  const content = ALPHABET.test(cursor) ? Buffer.from(cursor, 'base64url').toString('latin1') : '';
  const match = CONTENT.exec(content);
  const key = Number(match?.[1]);
  const tie = Number(match?.[2]);
  if (!(key <= Number.MAX_SAFE_INTEGER) || !Number.isSafeInteger(tie)) {
    throw new AppError('invalid_request', 'Cannot read the cursor: it is not from an earlier page');
  }
  return { key, tie };
}

/** Cuts the row too many that was asked for, and says where the next page begins. */
export function pageOf<Row>(
  rows: readonly Row[],
  limit: number,
  positionOf: (row: Row) => Position,
): { rows: readonly Row[]; next: string | null } {
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  const next = rows.length > limit && last !== undefined ? encodeCursor(positionOf(last)) : null;
  return { rows: page, next };
}
