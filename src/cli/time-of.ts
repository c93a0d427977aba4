/** A time as words give it. */
import { AppError } from '../errors.ts';

/** µs since the epoch. @throws AppError `usage` */
export function timeOf(text: string | undefined): number | null {
  if (text === undefined) return null;
  const seconds = Number(text);
  if (text.trim() !== '' && Number.isFinite(seconds)) return Math.round(seconds * 1e6);
  const ms = Date.parse(text);
  if (Number.isNaN(ms))
    throw new AppError(
      'usage',
      `Cannot read the time ${text}: give 2026-01-31T12:00:00Z or seconds since the epoch`,
    );
  return ms * 1000;
}
